package receiver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Errors about where a request comes from. They never name an address.
var (
	ErrForeignAddress = errors.New("receiver: the address is not among those that webhooks are taken from")

	// ErrNoAddress is an ErrForeignAddress. It is for a request whose address nothing but its own
	// headers states, and a client can write those.
	ErrNoAddress = fmt.Errorf("%w: this gateway does not say where a request comes from in a way that a client cannot write; "+
		"an SCF function URL has x-scf-remote-addr alone, and it is not documented whether a client's own is overwritten", ErrForeignAddress)
)

// checkAddress returns an error if webhooks are not taken from a request's RemoteAddr.
func (rc *Receiver) checkAddress(remote string) error {
	if len(rc.options.AllowFrom) == 0 {
		return nil
	}
	address, known := parseAddress(remote)
	switch {
	case !known:
		return ErrNoAddress
	case !slices.ContainsFunc(rc.options.AllowFrom, func(p netip.Prefix) bool { return p.Contains(address) }):
		return ErrForeignAddress
	}
	return nil
}

// parseAddress reads an address with or without a port. It drops the zone.
func parseAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), true
}
