// Package guard runs what is not ours to trust, such as a sink, so that neither a panic in it nor
// its deafness to a context costs the caller more than an error.
package guard

import (
	"context"
	"errors"
	"runtime/debug"
)

// ErrPanic is what a *PanicError is.
var ErrPanic = errors.New("panic")

// PanicError is a recovered panic with its stack. The panic's own value is left out: it may quote
// what was being handled.
type PanicError struct{ Stack []byte }

func (*PanicError) Error() string { return ErrPanic.Error() }

// Unwrap returns ErrPanic.
func (*PanicError) Unwrap() error { return ErrPanic }

// Recover runs f and turns a panic into a *PanicError.
func Recover(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = &PanicError{debug.Stack()}
		}
	}()
	return f()
}

// Do runs f as Recover does and returns when it has ended or ctx is done, whichever comes first; f
// is then left behind, and what it still does nobody hears of. Where ctx is done from the start f
// is not run.
func Do(ctx context.Context, f func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- Recover(func() error { return f(ctx) }) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
