// Package awscall makes the sinks' calls to AWS. Their budget is far shorter than the SDK's own
// retries assume, and the sandbox may have been frozen since its last call.
package awscall

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"msgext/internal/awssdk"
	"msgext/internal/outbound"
	"msgext/pkg/sink"
)

// Caller retries the calls of one client. It is safe for concurrent use.
type Caller struct {
	closeIdle func()
	closed    *atomic.Bool
}

// New returns the configuration for a client whose calls are made through the Caller. It has no
// retries of the SDK's. It has an HTTP client of its own, unless cfg has a client that is not the
// SDK's. New does no I/O.
func New(cfg aws.Config) (aws.Config, Caller) {
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	client, closeIdle := awssdk.HTTPClient(cfg.HTTPClient, awshttp.DefaultHTTPTransportMaxIdleConnsPerHost)
	cfg.HTTPClient = client
	return cfg, Caller{closeIdle: closeIdle, closed: new(atomic.Bool)}
}

// Close closes the unused connections and makes Do fail with sink.ErrClosed.
func (c Caller) Close() {
	c.closed.Store(true)
	c.closeIdle()
}

// Do calls send until it succeeds, fails in a way that another try cannot fix, or too little time
// is left for another try. An answer of the service is returned as an *Error. If the context ends
// first, its error is returned together with the failure before that.
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

// retryables are the SDK's own rules for which answers of the service may be retried.
var retryables = retry.IsErrorRetryables(retry.DefaultRetryables)

// retryable reports whether the same call may succeed later. It may if the service did not answer,
// because nothing we send does harm when it arrives twice.
func retryable(err error) bool {
	return !answered(err) || retryables.IsErrorRetryable(err) == aws.TrueTernary
}

// answered reports whether err is an answer of the service.
func answered(err error) bool {
	var said smithy.APIError
	return errors.As(err, &said)
}
