package outbound_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/outbound"
)

// The text that an error quotes from an answer is removed, and so are addresses.
func TestDescribe(t *testing.T) {
	own := errors.New("own")
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.UnixAddr{Name: "plant"}, Err: errors.New("connection refused")}
	for _, test := range []struct{ err, want error }{
		{fmt.Errorf("plant: %w", refused), refused},
		{fmt.Errorf("plant: %w", io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		{fmt.Errorf("plant: %w", own), own},
		{fmt.Errorf("plant: %w", context.DeadlineExceeded), context.DeadlineExceeded},
		{fmt.Errorf("plant: %w", tls.RecordHeaderError{Msg: "plain"}), tls.RecordHeaderError{Msg: "plain"}},
		{errors.New("malformed HTTP status plant"), outbound.ErrAnswer},
	} {
		got := outbound.Describe(test.err, own)
		assert.ErrorIs(t, got, test.want)
		assert.NotContains(t, got.Error(), "plant")
	}
}
