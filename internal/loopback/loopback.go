// Package loopback tells this machine's own hosts from others: the one rule by which plain http://
// is allowed, and by which the local process decides where it serves and whom it answers.
package loopback

import "net/netip"

// IsHost reports whether host, a name or an address without port or brackets, is this machine's
// own: localhost, 127.0.0.0/8 or ::1. Other names are not resolved, because whoever owns one
// decides where it leads.
func IsHost(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
