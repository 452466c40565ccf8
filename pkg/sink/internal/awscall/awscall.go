// Package awscall makes calls to AWS for the sinks, inside a budget far shorter than the
// SDK's own retries reckon with, from a sandbox that may have been frozen since its last call.
package awscall

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"msgext/internal/outbound"
	"msgext/pkg/sink"
)

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
		transport.IdleConnTimeout = outbound.IdleTimeout
		cfg.HTTPClient = outbound.Doubting(transport)
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
	return outbound.Delivery().Do(ctx, func(ctx context.Context) error {
		err := send(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil && !answered(err):
			return ctx.Err()
		case !retryable(err):
			return describe(err)
		}
		return outbound.Again(describe(err), 0)
	})
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
