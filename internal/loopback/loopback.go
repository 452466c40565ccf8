// Package loopback tells this machine's own hosts from others. The rule decides where plain http://
// is allowed, where the local process listens, and which clients it answers.
package loopback

import "net/netip"

// IsHost reports whether host is this machine: localhost, 127.0.0.0/8 or ::1. host is a name or an
// address without port or brackets. Other names are not resolved, because their owner decides to
// which address they resolve.
func IsHost(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
