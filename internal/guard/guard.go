// Package guard runs code that we do not control, such as a sink. If that code panics or ignores
// its context, the caller gets an error and nothing worse.
package guard

import (
	"context"
	"errors"
	"runtime/debug"
)

// ErrPanic is what errors.Is finds in a *PanicError.
var ErrPanic = errors.New("panic")

// PanicError is a recovered panic with its stack. The value of the panic is left out, because it
// may quote the data that was handled.
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

// Do runs f as Recover does. It returns when f has ended or ctx is done, whichever comes first. In
// the latter case f goes on alone, and its result is dropped. Where ctx is already done, f is not
// run.
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
