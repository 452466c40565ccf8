package bench

import (
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/bench/peer"
	"msgext/internal/processtest"
	"msgext/pkg/webhook"
)

// relayedBody is the body of a command for the backend.
const relayedBody = `{"CallbackCommand":"C2C.CallbackBeforeSendMsg","From_Account":"jared","To_Account":"Jonh","MsgSeq":48374,"MsgRandom":2837546,"MsgTime":1557481126,"MsgKey":"48374_2837546_1557481126","MsgId":"144115233775727695-1545128404-26457","OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"red packet"}}],"CloudCustomData":"your cloud custom data"}`

// BenchmarkRelay is the CPU time that a server's process takes for one command that the backend
// answers. The product, which checks the signature first, is compared with net/http/httputil's
// ReverseProxy, which checks nothing. Backend, client and both servers are separate processes. The
// servers take turns, and the ratio is the median of all turns. It needs some fifty turns:
// -benchtime 50x.
func BenchmarkRelay(b *testing.B) {
	const requests = 1000
	backend := processtest.StartLocal(b, os.Args[0], []string{stackVariable + "=backend"})
	servers := make(map[string]*processtest.Local)
	for _, stack := range []string{"relay", "reverse-proxy"} {
		servers[stack] = processtest.StartLocal(b, os.Args[0], []string{stackVariable + "=" + stack, backendVariable + "=" + backend.URL})
	}
	turn := func(stack string) float64 {
		server := servers[stack]
		began := processTime(b, server.PID())
		for range requests {
			require.Equal(b, backendReply, relayedThrough(b, server.URL))
		}
		return float64(processTime(b, server.PID())-began) / requests
	}
	for stack := range servers {
		turn(stack) // warm up
	}
	var ours, ratios []float64
	for b.Loop() {
		proxy := turn("reverse-proxy")
		t := turn("relay")
		ours, ratios = append(ours, t), append(ratios, t/proxy)
	}
	b.ReportMetric(median(ours), "ours-cpu-ns")
	b.ReportMetric(median(ratios), "ours/ReverseProxy")
}

func relayedThrough(b *testing.B, base string) string {
	seconds := strconv.FormatInt(time.Now().Unix(), 10)
	response, err := http.Post(base+"/?SdkAppid="+peer.AppID+"&CallbackCommand=C2C.CallbackBeforeSendMsg&contenttype=json&ClientIP=203.0.113.7&OptPlatform=RESTAPI&Sign="+
		webhook.Sign(peer.Token, seconds)+"&RequestTime="+seconds, "application/json", strings.NewReader(relayedBody))
	require.NoError(b, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b, err)
	require.NoError(b, response.Body.Close())
	return string(body)
}
