package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// readyTime is how long the store may take to answer.
const readyTime = time.Second

// ErrStopping says that the process is stopping, so that no new requests should be sent to it.
var ErrStopping = errors.New("stopping")

// New returns a handler with GET /healthz, /readyz and /metrics. /healthz answers 200 while the
// process runs. /readyz answers 200 if ready returns nil within a second, and 503 otherwise. The
// error is logged and not answered.
func New(metrics *Metrics, ready func(context.Context) error, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		switch err := ready(ctx); {
		case err == nil:
			say(w, http.StatusOK, "ready")
		case errors.Is(err, ErrStopping):
			say(w, http.StatusServiceUnavailable, "stopping")
		default:
			logger.WarnContext(ctx, "not ready: the store does not answer", "error", err)
			say(w, http.StatusServiceUnavailable, "the store does not answer")
		}
	})
	mux.Handle("GET /metrics", metrics.handler())
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // a client that has gone needs no answer
}
