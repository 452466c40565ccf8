package process

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = time.Minute // a stream sets its own deadline
	idleTimeout       = 2 * time.Minute
	// Of the 5 s in which a process ends; the rest is for closing.
	shutdownTimeout = 4 * time.Second
)

// routes sends paths below /console/ to the console, if there is one, for people on this machine.
// Paths below /api/ go to the read, and all others to the webhooks. A ServeMux would redirect paths
// that are not clean, so it is asked last.
func routes(webhooks, console, api http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case console != nil && strings.HasPrefix(r.URL.Path, "/console/"):
			personal(console).ServeHTTP(w, r)
		case console != nil && leadsToConsole(r, path):
			personal(http.RedirectHandler("/console/", http.StatusFound)).ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, "/api/"):
			api.ServeHTTP(w, r)
		default:
			webhooks.ServeHTTP(w, r)
		}
	})
}

// leadsToConsole reports whether a browser that opens the root is sent to the console. It is not if
// path, the only one that takes webhooks, is the root.
func leadsToConsole(r *http.Request, path string) bool {
	asks := r.Method == http.MethodGet || r.Method == http.MethodHead
	return asks && r.URL.Path != path && (r.URL.Path == "/" && r.URL.RawQuery == "" || r.URL.Path == "/console")
}

// NewServer returns a server with the time-outs of this process.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}

// serve serves until ctx is done, then lets requests under way finish within shutdownTimeout.
// Clients that do not read or do not send by then are cut off.
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
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
