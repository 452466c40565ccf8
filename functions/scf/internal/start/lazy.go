package start

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Lazy returns a handler that build makes at the first invocation. On SCF the environment arrives
// with the invocation, so a process cannot read its configuration when it starts. Where build
// fails, failed returns the handler for that invocation, and the next one tries again. The handler
// is safe for concurrent use.
func Lazy(build func() (Handler, error), failed func(error) Handler) Handler {
	return &lazy{build: build, failed: failed}
}

type lazy struct {
	build  func() (Handler, error)
	failed func(error) Handler

	mu    sync.Mutex
	built Handler
}

func (l *lazy) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return l.handler().Invoke(ctx, payload)
}

func (l *lazy) handler() Handler {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.built == nil {
		built, err := l.build()
		if err != nil {
			return l.failed(err)
		}
		l.built = built
	}
	return l.built
}

// Failing returns handlers that log why a function could not be built and fail the invocation. The
// platform then retries it.
func Failing(logger *slog.Logger) func(error) Handler {
	return func(err error) Handler { return failing{err, logger} }
}

type failing struct {
	reason error
	logger *slog.Logger
}

func (f failing) Invoke(ctx context.Context, _ []byte) ([]byte, error) {
	f.logger.ErrorContext(ctx, "not ready", "error", f.reason.Error())
	return nil, errors.New("not ready, see the log")
}
