package outbound

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	"msgext/internal/loopback"
)

// Allow is what an operator allows although it is refused otherwise.
type Allow struct {
	LinkLocal bool // link-local and cloud metadata addresses
	Plain     bool // http:// to other hosts than loopback
}

// ParseURL reads a URL that events or commands may be sent to. Its errors are ErrURL, ErrPlain and
// ErrLinkLocal.
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
	return slices.ContainsFunc(leadsTo(address.WithZone("")), func(ip netip.Addr) bool {
		return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || isMetadata(ip)
	})
}

// leadsTo returns an address and the IPv4 ones that it has in it, where a network translates or
// tunnels.
func leadsTo(ip netip.Addr) []netip.Addr {
	if ip.Is4() || ip.Is4In6() {
		return []netip.Addr{ip.Unmap()}
	}
	b := ip.As16()
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(ip) }
	all := []netip.Addr{ip}
	add := func(bytes ...byte) { all = append(all, netip.AddrFrom4([4]byte(bytes))) }
	switch {
	case within("::/96"), within("::ffff:0:0:0/96"), within("64:ff9b::/96"): // compatible, SIIT, NAT64 (RFCs 4291, 2765, 6052)
		add(b[12:]...)
	case within("64:ff9b:1::/48"): // NAT64 of one's own, whose prefix has 48, 56, 64 or 96 bits (RFCs 8215 and 6052)
		add(b[6], b[7], b[9], b[10])
		add(b[7], b[9], b[10], b[11])
		add(b[9:13]...)
		add(b[12:]...)
	case within("2002::/16"): // 6to4 (RFC 3056)
		add(b[2:6]...)
	case within("2001::/32"): // Teredo: the server, and the client inverted (RFC 4380)
		add(b[4:8]...)
		add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe { // ISATAP, under any prefix (RFC 5214)
		add(b[12:]...)
	}
	return all
}

// isMetadata knows the metadata services that are not link-local: AWS's own network over IPv6 (EC2
// User Guide, "Use the Instance Metadata Service", fd00:ec2::254 among others), Alibaba's, and
// Google's over IPv6.
func isMetadata(ip netip.Addr) bool {
	return netip.MustParsePrefix("fd00:ec2::/32").Contains(ip) ||
		ip == netip.MustParseAddr("100.100.100.200") || ip == netip.MustParseAddr("fd20:ce::254")
}
