package gateway

import (
	"net/http"
	"strings"
)

// ForwardedFor returns the address that the first of a number of proxies was spoken to by, where
// each of them appends to X-Forwarded-For the address that it saw: the one that stands so far from
// the end, hops 1 being the last. What stands before it anybody can have written. It is "" where
// there are fewer.
func ForwardedFor(header http.Header, hops int) string {
	lines := header["X-Forwarded-For"] // some proxies append a line of their own
	for i := len(lines) - 1; i >= 0; i-- {
		addresses := strings.Split(lines[i], ",")
		if at := len(addresses) - hops; at >= 0 {
			return strings.TrimSpace(addresses[at])
		}
		hops -= len(addresses)
	}
	return ""
}
