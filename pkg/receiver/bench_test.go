package receiver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/stdoutsink"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/sqlitestate"
)

// BenchmarkDelivery measures a complete webhook with different stores and sinks. It uses the Redis
// of scripts/services if that is running.
func BenchmarkDelivery(b *testing.B) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(2 * time.Millisecond) // an endpoint nearby
	}))
	b.Cleanup(endpoint.Close)
	for _, s := range benchmarkStores(b) {
		for _, sinks := range []string{"none", "stdout", "http", "stdout+http"} {
			b.Run(s.name+"/"+sinks, func(b *testing.B) {
				options := options()
				options.Logger = slog.New(slog.DiscardHandler)
				options.Store = s.store
				if strings.Contains(sinks, "stdout") {
					options.Sinks = append(options.Sinks, stdoutsink.New(io.Discard))
				}
				if strings.Contains(sinks, "http") {
					hook, err := httpsink.New(httpsink.Options{URL: secret.String(endpoint.URL)})
					require.NoError(b, err)
					b.Cleanup(func() { _ = hook.Close() })
					options.Sinks = append(options.Sinks, hook)
				}
				benchmarkDelivery(b, receiver.New(options), s.store)
			})
		}
	}
}

func benchmarkDelivery(b *testing.B, rc *receiver.Receiver, store state.Store) {
	query := vectorRequest(b, "sample-group-set", now).URL.String()
	group := b.Name() + strconv.FormatInt(time.Now().UnixNano(), 10)
	b.Cleanup(func() { // removes the messages from a store that others use, too
		_ = store.Forget(context.Background(), msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: group, MsgSeq: 1})
	})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		body := fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":%q,"MsgSeq":1,"OperateType":1,"Seq":%d,"ExtensionList":[{"Key":"k","Value":"v","Seq":%d}]}`,
			msgext.GroupCommand, group, n, n)
		reply := httptest.NewRecorder()
		rc.ServeHTTP(reply, httptest.NewRequest(http.MethodPost, query, strings.NewReader(body)))
		var got struct{ ActionStatus string }
		if json.Unmarshal(reply.Body.Bytes(), &got) != nil || got.ActionStatus != "OK" {
			b.Fatal(reply.Body.String())
		}
	}
}

type namedStore struct {
	name  string
	store state.Store
}

func benchmarkStores(b *testing.B) []namedStore {
	sqlite, err := sqlitestate.Open(b.Context(), filepath.Join(b.TempDir(), "msgext.db"))
	require.NoError(b, err)
	stores := []namedStore{{"memory", memstate.New()}, {"sqlite", sqlite}}
	if url := os.Getenv("TEST_REDIS_URL"); url != "" {
		store, err := redisstate.Open(secret.String(url))
		require.NoError(b, err)
		stores = append(stores, namedStore{"redis", store})
	}
	b.Cleanup(func() {
		for _, s := range stores {
			_ = s.store.Close()
		}
	})
	return stores
}
