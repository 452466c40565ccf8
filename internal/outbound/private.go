package outbound

import (
	"crypto/x509"
	"errors"
	"net"
)

// WithoutAddress removes host names and addresses from a network error, so that no log shows where
// a store or a sink is. errors.Is and errors.As still find the original error.
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

// private is an error with its text replaced.
type private struct {
	text string
	err  error
}

func (p *private) Error() string { return p.text }
func (p *private) Unwrap() error { return p.err }
