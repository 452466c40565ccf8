package process

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"msgext/internal/loopback"
	"msgext/pkg/webhook"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 5 * time.Second
)

// routes serves what lies below /console/, if there is a console, to people on this machine, and the read below /api/;
// everything else takes webhooks. A ServeMux would redirect paths that are not clean, so it does not come first.
func routes(webhooks, console, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case console != nil && strings.HasPrefix(r.URL.Path, "/console/"):
			loopbackOnly(console).ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/"):
			api.ServeHTTP(w, r)
		default:
			webhooks.ServeHTTP(w, r)
		}
	})
}

// loopbackOnly refuses requests whose Host is not this machine's own: a page elsewhere that
// has its name rebound to loopback would otherwise read along (DNS rebinding).
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = strings.Trim(r.Host, "[]")
		}
		if !loopback.IsHost(host) {
			webhook.Fail("answers only to a loopback Host").Write(w, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// NewServer returns a server with the time-outs of this process.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// serve serves until ctx is done, then lets requests in flight finish.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
