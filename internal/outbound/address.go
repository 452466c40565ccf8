package outbound

import (
	"context"
	"net/netip"
	"net/url"
	"syscall"

	"msgext/internal/loopback"
)

// Allow is what an operator allows although it is refused otherwise.
type Allow struct {
	LinkLocal bool // link-local and cloud metadata addresses
	Plain     bool // http:// to other hosts than loopback
}

// ParseURL reads a URL that events or commands may be sent to. Its errors are ErrURL, ErrPlain and ErrLinkLocal.
func ParseURL(text string, allow Allow) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, ErrURL
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, ErrURL
	}
	if u.Scheme == "http" && !allow.Plain && !loopback.IsHost(u.Hostname()) {
		return nil, ErrPlain
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !allow.LinkLocal && isRefused(address) {
		return nil, ErrLinkLocal
	}
	return u, nil
}

// refuseLinkLocal looks at the address itself, after names were resolved, so that no name and
// no other way of writing an address leads past it.
func refuseLinkLocal(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || isRefused(target.Addr()) {
		return ErrLinkLocal
	}
	return nil
}

func isRefused(address netip.Addr) bool {
	ip := embedded(address.WithZone(""))
	return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || isMetadata(ip)
}

// embedded returns the IPv4 address that an IPv6 one leads to: mapped or compatible (RFC 4291,
// section 2.5.5), through a translator (RFC 6052, section 2.1) or by 6to4 (RFC 3056, section 2).
func embedded(ip netip.Addr) netip.Addr {
	b := ip.As16()
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(ip) }
	switch {
	case ip.Is4() || ip.Is4In6():
		return ip.Unmap()
	case within("::/96"), within("64:ff9b::/96"):
		return netip.AddrFrom4([4]byte(b[12:]))
	case within("2002::/16"):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return ip
}

// isMetadata knows the metadata services that are not link-local: AWS's own network over IPv6 (EC2 User
// Guide, "Use the Instance Metadata Service", fd00:ec2::254 among others), Alibaba's, and Google's over IPv6.
func isMetadata(ip netip.Addr) bool {
	return netip.MustParsePrefix("fd00:ec2::/32").Contains(ip) ||
		ip == netip.MustParseAddr("100.100.100.200") || ip == netip.MustParseAddr("fd20:ce::254")
}
