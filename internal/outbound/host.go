package outbound

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// IsHost reports whether text is HOST or HOST:PORT, as it stands in the URL of a server that is not
// reached by HTTP. HOST is an address or a name of letters, digits, hyphens, underscores and dots.
// An IPv6 address is in brackets.
func IsHost(text string) bool {
	host := text
	if _, port, err := net.SplitHostPort(text); err == nil {
		if !IsPort(port) {
			return false
		}
		host = strings.TrimSuffix(text, ":"+port)
	}
	if bare, found := strings.CutPrefix(host, "["); found {
		address, err := netip.ParseAddr(strings.TrimSuffix(bare, "]"))
		return err == nil && address.Is6() && strings.HasSuffix(bare, "]")
	}
	return host != "" && !strings.ContainsFunc(host, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune("-._", c)
	})
}

// IsPort reports whether text is the number of a port that can be connected to.
func IsPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}
