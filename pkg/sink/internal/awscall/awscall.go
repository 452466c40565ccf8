// Package awscall makes calls to AWS for the sinks, inside a budget far shorter than the
// SDK's own retries reckon with, from a sandbox that may have been frozen since its last call.
package awscall

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"msgext/pkg/sink"
)

const (
	// idleTimeout is how long an unused connection is kept. net/http compares it by wall time
	// when it takes a connection up again, so it also holds across a freeze.
	idleTimeout = 30 * time.Second

	maxTries   = 5
	firstPause = 40 * time.Millisecond // doubled with each try, so 600 ms in all
)

// errStale ends a try on a reused connection that answers too slowly.
var errStale = errors.New("no answer on a reused connection")

// Caller retries the calls of one client. It is safe for concurrent use.
type Caller struct {
	closeIdle func()
	closed    *atomic.Bool
}

// New returns the configuration for a client whose calls are made through the Caller:
// without the SDK's retries, and with an HTTP client of its own unless cfg has one that is not
// the SDK's. It does no I/O.
func New(cfg aws.Config) (aws.Config, Caller) {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	buildable, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if cfg.HTTPClient == nil {
		buildable, ok = awshttp.NewBuildableClient(), true
	}
	if ok {
		transport := buildable.GetTransport()
		transport.IdleConnTimeout = idleTimeout
		cfg.HTTPClient = client{transport}
	}
	caller := Caller{closeIdle: func() {}, closed: new(atomic.Bool)}
	if c, ok := cfg.HTTPClient.(interface{ CloseIdleConnections() }); ok {
		caller.closeIdle = c.CloseIdleConnections
	}
	return cfg, caller
}

// Close closes the connections that are not in use and makes Do fail with sink.ErrClosed.
func (c Caller) Close() {
	c.closed.Store(true)
	c.closeIdle()
}

// Do calls send until it succeeds, fails in a way that another try cannot mend, or the
// deadline leaves no time for one. What the service answered is returned as an *Error; when the
// context ended meanwhile its error is returned, with the failure before that.
func (c Caller) Do(ctx context.Context, send func(context.Context) error) error {
	if c.closed.Load() {
		return sink.ErrClosed
	}
	var before error
	pause := firstPause
	for try := 1; ; try++ {
		err := c.try(ctx, send)
		if err == nil {
			return nil
		}
		if done := ctx.Err(); done != nil && !answered(err) {
			if before != nil {
				return fmt.Errorf("%w after: %w", done, before)
			}
			return done
		}
		before = describe(err)
		if try == maxTries || !retryable(err) {
			return before
		}
		wait := pause/2 + rand.N(pause/2)
		pause *= 2
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
			return before
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("%w after: %w", ctx.Err(), before)
		}
	}
}

// try calls send once. A connection that died unnoticed while the sandbox was frozen
// takes the request and never answers, so a reused one gets at most half of the time that
// is left; after that, or any other failure of a connection, the next try opens a new one.
func (c Caller) try(ctx context.Context, send func(context.Context) error) error {
	tryCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if deadline, ok := ctx.Deadline(); ok {
		stale := time.AfterFunc(math.MaxInt64, func() { cancel(errStale) }) // not yet
		defer stale.Stop()
		tryCtx = httptrace.WithClientTrace(tryCtx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused {
				stale.Reset(time.Until(deadline) / 2)
			}
		}})
	}
	err := send(tryCtx)
	if err == nil || answered(err) {
		return err
	}
	c.closeIdle()
	if context.Cause(tryCtx) == errStale {
		return errStale
	}
	return err
}

// retryables are the SDK's own rules for what the service answered.
var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

// retryable reports whether the same call may yet succeed: always when the service did not
// answer, since nothing we send is harmed by arriving twice.
func retryable(err error) bool {
	return !answered(err) || retryables.IsErrorRetryable(err) == aws.TrueTernary
}

// answered reports whether err is what the service said.
func answered(err error) bool {
	var said smithy.APIError
	return errors.As(err, &said)
}
