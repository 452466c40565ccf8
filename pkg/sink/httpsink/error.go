package httpsink

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"msgext/internal/outbound"
)

// StatusError is an answer other than 2xx. It does not keep the answer's text, which may repeat the
// event.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return "httpsink: answered " + strconv.Itoa(e.Status) }

// ErrAnswer is Send's error for an answer that is not valid HTTP. It does not quote the answer.
var ErrAnswer = outbound.ErrAnswer

// describe removes from an error everything that may repeat the answer.
func describe(err error) error {
	return fmt.Errorf("httpsink: %w", outbound.Describe(err, outbound.ErrStale))
}

// retryable reports whether another try may succeed: the endpoint gave no answer, or said that it
// cannot accept events at the moment. An event that was refused before it was sent stays refused.
func retryable(err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		return status.Status == http.StatusTooManyRequests || status.Status >= 500
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	return !untrusted && !plain && !errors.Is(err, ErrLinkLocal)
}
