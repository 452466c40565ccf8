// Package lazy builds a function at its first invocation. On SCF the environment arrives with the
// invocation, so a process cannot read its configuration when it starts.
package lazy

import (
	"context"
	"errors"
	"log/slog"
	"sync"
)

// Handler is a function of raw bytes, as package start starts it.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Function builds its handler at its first invocation, and again at each invocation until that
// succeeds. A failure is not remembered. It is safe for concurrent use.
type Function struct {
	build  func() (Handler, error)
	failed func(error) Handler

	mu    sync.Mutex
	built Handler
}

// New returns a Function. Where build fails, failed returns the handler for that invocation.
func New(build func() (Handler, error), failed func(error) Handler) *Function {
	return &Function{build: build, failed: failed}
}

// Invoke serves one invocation.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f.handler().Invoke(ctx, payload)
}

func (f *Function) handler() Handler {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.built == nil {
		built, err := f.build()
		if err != nil {
			return f.failed(err)
		}
		f.built = built
	}
	return f.built
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
