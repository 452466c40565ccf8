package outbound_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/internal/outbound"
)

func TestWithoutAddress(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 6379}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: err} }
	for _, test := range []struct {
		err  error
		want string
		is   error
	}{
		{dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "dial: connect: connection refused", syscall.ECONNREFUSED},
		{fmt.Errorf("user=planted: %w", dial(context.DeadlineExceeded)), "dial: context deadline exceeded", context.DeadlineExceeded},
		{dial(&net.DNSError{Err: "no such host", Name: "planted.example", Server: "203.0.113.7:53"}), "lookup: no such host", nil},
		{&net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: os.ErrDeadlineExceeded}, "read: i/o timeout", os.ErrDeadlineExceeded},
		{x509.HostnameError{Host: "planted.example", Certificate: &x509.Certificate{}}, "the certificate is for another host", nil},
		{errors.New("WRONGPASS"), "WRONGPASS", nil},
	} {
		got := outbound.WithoutAddress(test.err)
		assert.EqualError(t, got, test.want)
		if test.is != nil {
			assert.ErrorIs(t, got, test.is)
		}
	}
}
