package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/bench/peer"
	"msgext/internal/processtest"
	"msgext/pkg/webhook"
)

const (
	connections = 1000
	perTurn     = 5 // requests of each connection in a turn
)

// BenchmarkServer compares the server, as deployed and in its default configuration, with a bare
// net/http handler over the same store in memory. The handler checks no signature and has no log,
// no metrics and no repair. In a turn 1,000 kept connections send 5 changes each, and each
// connection has its own message. The two processes take turns. A ratio is of the CPU time of the
// processes and the median of all turns. A peak is of the resident set. It needs 40 turns, which
// are 200,000 requests to each: -benchtime 40x.
func BenchmarkServer(b *testing.B) {
	ours := newLoad(b, processtest.StartServer(b, binaries.Build(b, "functions/server"), []string{
		"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_STATE=memory:",
	}, "-repair-every", "1m").Local)
	bare := newLoad(b, processtest.StartLocal(b, os.Args[0], []string{stackVariable + "=bare"}))
	bare.turn(b)
	ours.turn(b) // warm up
	first := ours.peak(b)
	var times, ratios []float64
	for b.Loop() {
		theirs := bare.turn(b)
		t := ours.turn(b)
		times, ratios = append(times, t), append(ratios, t/theirs)
	}
	b.ReportMetric(median(times), "ours-cpu-ns")
	b.ReportMetric(median(ratios), "ours/bare")
	b.ReportMetric(float64(ours.late.Load()), "ours-late")
	b.ReportMetric(first, "ours-first-peak-MB")
	b.ReportMetric(ours.peak(b), "ours-peak-MB")
	b.ReportMetric(bare.peak(b), "bare-peak-MB")
}

// load is a process and the connections to it.
type load struct {
	process *processtest.Local
	conns   []net.Conn
	seq     int
	// Requests that were not delivered in time: turned away, or after the reply's budget.
	late atomic.Int64
}

func newLoad(b *testing.B, process *processtest.Local) *load {
	b.Helper()
	l := &load{process: process}
	for range connections {
		conn, err := net.Dial("tcp", strings.TrimPrefix(process.URL, "http://"))
		require.NoError(b, err)
		l.conns = append(l.conns, conn)
	}
	b.Cleanup(func() {
		for _, conn := range l.conns {
			_ = conn.Close()
		}
	})
	return l
}

// turn makes every connection send its requests, and returns the process's CPU time for one request
// in nanoseconds.
func (l *load) turn(b *testing.B) float64 {
	b.Helper()
	began, now := processTime(b, l.process.PID()), strconv.FormatInt(time.Now().Unix(), 10)
	target := "/?SdkAppid=" + peer.AppID + "&CallbackCommand=Group.CallbackAfterGroupMsgExtension&contenttype=json&ClientIP=203.0.113.7&OptPlatform=RESTAPI&Sign=" +
		webhook.Sign(peer.Token, now) + "&RequestTime=" + now
	var sending sync.WaitGroup
	failed := make(chan error, connections)
	for i, conn := range l.conns {
		sending.Go(func() {
			if err := l.send(conn, target, i); err != nil {
				failed <- err
			}
		})
	}
	sending.Wait()
	l.seq += perTurn
	close(failed)
	for err := range failed {
		require.NoError(b, err)
	}
	return float64(processTime(b, l.process.PID())-began) / (connections * perTurn)
}

func (l *load) send(conn net.Conn, target string, group int) error {
	reader := bufio.NewReader(conn)
	for n := range perTurn {
		seq := l.seq + n + 1
		body := fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"group-%d","MsgSeq":1,"OperateType":1,"ExtensionList":[{"Key":"user%d_0","Value":"0_1","Seq":%d}],"Seq":%d}`,
			group, seq%10, seq, seq)
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", target, len(body), body); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		reply, err := io.ReadAll(response.Body)
		switch {
		case err != nil:
			return err
		case response.StatusCode == http.StatusServiceUnavailable, strings.Contains(string(reply), "our side failed"):
			l.late.Add(1)
		case !strings.Contains(string(reply), `"OK"`):
			return fmt.Errorf("not a delivery: %d %s", response.StatusCode, reply)
		}
	}
	return nil
}

var peakLine = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peak is the greatest resident set of the process, in MB (proc(5), status).
func (l *load) peak(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(l.process.PID()) + "/status")
	require.NoError(b, err)
	match := peakLine.FindSubmatch(status)
	require.NotNil(b, match)
	kilobytes, err := strconv.ParseFloat(string(match[1]), 64)
	require.NoError(b, err)
	return kilobytes * 1024 / 1e6
}
