package process

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/msgext"
	"msgext/pkg/state/memstate"
)

// A process that is frozen between requests does not repair: another one does.
func TestProcess_RepairsOnlyIfItIsTo(t *testing.T) {
	for _, every := range []time.Duration{0, time.Minute} {
		p, err := open(config.Config{}, driver.Connections{Store: memstate.New()}, slog.New(slog.DiscardHandler),
			Options{Address: "127.0.0.1:0", RepairEvery: every})
		require.NoError(t, err)
		assert.Equal(t, every > 0, p.repairer != nil, every)
		require.NoError(t, p.listener.Close())
		require.NoError(t, p.Close())
	}
}

// Without tokens only this machine may read. A proxy on this machine reaches a loopback address,
// and some, such as nginx by default, set Host to it and add no header of their own.
func TestProcess_WhoReadsWithoutTokens(t *testing.T) {
	for _, test := range []struct {
		address string
		proxies int
		want    int
	}{
		{"127.0.0.1:0", 0, http.StatusOK},
		{"127.0.0.1:0", 1, http.StatusNotFound},
		{"0.0.0.0:0", 0, http.StatusNotFound},
	} {
		store := memstate.New()
		change := msgext.Event{Message: msgext.Message{SDKAppID: "1", GroupID: "g", MsgSeq: 1}, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "k", Seq: 1}}}
		require.NoError(t, store.Apply(t.Context(), change, time.Unix(1700000000, 0), true))
		p, err := open(config.Config{SDKAppID: "1"}, driver.Connections{Store: store}, slog.New(slog.DiscardHandler), Options{Address: test.address, Proxies: test.proxies})
		require.NoError(t, err)
		w := httptest.NewRecorder()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/groups/g/messages/1/extensions", nil)
		request.Host = "127.0.0.1:8080"
		p.reads.ServeHTTP(w, request)
		assert.Equal(t, test.want, w.Code, "%+v: %s", test, w.Body)
		require.NoError(t, p.listener.Close())
		require.NoError(t, p.Close())
	}
}
