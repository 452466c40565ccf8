package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/bench/peer"
	"msgext/internal/sample"
	"msgext/internal/vectortest"
)

func sampleEvents(t testing.TB, name string, shapes func(sample.Request) []sample.Event) []sample.Event {
	t.Helper()
	for _, vector := range vectortest.Load(t) {
		if vector.Name == name {
			return shapes(sample.Request{
				Method: vector.Request.Method, Path: vector.Request.Path, RawQuery: vector.Query(time.Now()), Body: vector.Request.Body,
			})
		}
	}
	require.FailNow(t, "no such vector", name)
	return nil
}

// The comparison is only valid if all stacks do the same.
func TestStacks_GiveTheSameReplies(t *testing.T) {
	for _, name := range []string{"sample-group-set", "sample-group-delete", "sample-group-clear", "auth-wrong-sign", "fault-negative", "fault-key-twice"} {
		event := sampleEvents(t, name, sample.AWSEvents)[0]
		require.Equal(t, "http-v2", event.Shape)
		var want peer.Answer
		for i, stack := range []stack{oursAWS(), apiProxy(), typed()} {
			response, err := stack.Invoke(context.Background(), event.Payload)
			require.NoError(t, err)
			_, body, err := sample.Unwrap(response)
			require.NoError(t, err)
			var got peer.Answer
			require.NoError(t, json.Unmarshal([]byte(body), &got), body)
			got.ErrorInfo = "" // each stack has its own texts
			if i == 0 {
				want = got
			}
			assert.Equal(t, want, got, "%s, stack %d", name, i)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	const vector = "sample-group-set"
	run := func(name string, stack stack, payload []byte) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var response []byte
			for b.Loop() {
				// The reply is checked below.
				response, _ = stack.Invoke(context.Background(), payload)
			}
			if !bytes.Contains(response, []byte(`\"OK\"`)) {
				b.Fatalf("not a delivery: %s", response)
			}
		})
	}
	aws := sampleEvents(b, vector, sample.AWSEvents)
	for _, event := range aws {
		run("ours/"+event.Shape, oursAWS(), event.Payload)
	}
	for _, event := range sampleEvents(b, vector, sample.SCFEvents) {
		run("ours/scf "+event.Shape, oursSCF(), event.Payload)
	}
	stream, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, stream.Close()) })
	run("ours/http-v2 to stdout with a log line", oursDelivering(stream), aws[0].Payload)
	run("api-proxy/http-v2", apiProxy(), aws[0].Payload)
	run("typed/http-v2", typed(), aws[0].Payload)
}
