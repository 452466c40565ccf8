package httpsink

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"msgext/internal/outbound"
)

// StatusError is an answer other than 2xx. What the answer said is not kept: it may repeat the
// event.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return "httpsink: answered " + strconv.Itoa(e.Status) }

// ErrAnswer is Send's error where the answer could not be understood. What it was is not told.
var ErrAnswer = outbound.ErrAnswer

// describe keeps of an error what does not repeat the answer.
func describe(err error) error {
	return fmt.Errorf("httpsink: %w", outbound.Describe(err, outbound.ErrStale))
}

// retryable reports whether another try may succeed: a receiver that says it cannot just now, or
// no answer. What is refused before it is sent stays refused.
func retryable(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status == http.StatusTooManyRequests || status.Status >= 500
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	return !untrusted && !plain && !errors.Is(err, ErrLinkLocal)
}
