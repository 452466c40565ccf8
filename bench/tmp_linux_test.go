package bench

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"msgext/bench/peer"
	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

func TestTmpProfile(t *testing.T) {
	f := processtest.StartLambda(t, "/tmp/perf/pgo/profiled", time.Minute, []string{"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_SINKS=stdout:", "PROFILE=/tmp/perf/pgo/webhook.pprof"})
	began := time.Now()
	v := int64(56)
	for time.Since(began) < 44*time.Second {
		for _, e := range changesT(t, v, 500) {
			if _, err := f.Invoke(e); err != nil {
				t.Fatal(err)
			}
		}
		v += 500
	}
	_ = os.Stdout
}

func BenchmarkTmpPGO(b *testing.B) {
	ordinary := release(b, "bench/ordinary")
	functions := map[string]*processtest.Lambda{}
	env := []string{"MSGEXT_SDK_APP_ID=" + peer.AppID, "MSGEXT_TOKEN=" + peer.Token, "MSGEXT_SINKS=stdout:"}
	functions["plain"] = processtest.StartLambda(b, release(b, "functions/aws/webhook"), time.Minute, env)
	functions["pgo"] = processtest.StartLambda(b, "/tmp/perf/pgo/webhook", time.Minute, env)
	functions["ordinary"] = processtest.StartLambda(b, ordinary, time.Minute, []string{"DELIVERY=stdout:"})
	compare(b, functions, 200)
}
func changesT(b testing.TB, version int64, count int) [][]byte {
	vector := vectortest.Named(b, "sample-group-set")
	query := vector.Query(time.Now())
	events := make([][]byte, count)
	for i := range events {
		body := strings.ReplaceAll(vector.Request.Body, "56", strconv.FormatInt(version+int64(i), 10))
		events[i] = sample.AWSEvents(sample.Request{
			Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: query, Body: body,
		})[0].Payload
	}
	return events
}
