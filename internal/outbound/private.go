package outbound

import (
	"crypto/x509"
	"errors"
	"net"
)

// WithoutAddress takes host names and addresses out of what an error of the network says; the error
// it was is still found by errors.Is and errors.As. Where a store stands is in nobody's log.
func WithoutAddress(err error) error {
	operation, isOperation := errors.AsType[*net.OpError](err)
	name, isName := errors.AsType[*net.DNSError](err)
	_, isHost := errors.AsType[x509.HostnameError](err)
	switch {
	case isHost:
		return &private{"the certificate is for another host", err}
	case isName:
		return &private{"lookup: " + name.Err, err}
	case isOperation:
		return &private{operation.Op + ": " + WithoutAddress(operation.Err).Error(), err}
	}
	return err
}

// private is an error with another text.
type private struct {
	text string
	err  error
}

func (p *private) Error() string { return p.text }
func (p *private) Unwrap() error { return p.err }
