package gateway

import (
	"net/http"
	"strings"
)

// ForwardedFor returns the address of the client that connected to the first of a number of
// proxies. Each of these proxies appends the address that it saw to X-Forwarded-For, so the
// client's address is number hops from the end, 1 being the last. Anybody can write the addresses
// before it. The result is "" if there are fewer than hops addresses.
func ForwardedFor(header http.Header, hops int) string {
	lines := header["X-Forwarded-For"] // some proxies add a line instead of extending the last one
	for i := len(lines) - 1; i >= 0; i-- {
		addresses := strings.Split(lines[i], ",")
		if at := len(addresses) - hops; at >= 0 {
			return strings.TrimSpace(addresses[at])
		}
		hops -= len(addresses)
	}
	return ""
}
