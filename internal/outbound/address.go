package outbound

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"msgext/internal/loopback"
)

// Allow holds what an operator allows. It is refused by default.
type Allow struct {
	LinkLocal bool // link-local and cloud metadata addresses
	Plain     bool // http:// to other hosts than loopback
}

// ParseURL parses a URL to which events or commands may be sent. Its errors are ErrURL, ErrPort,
// ErrPlain and ErrLinkLocal.
func ParseURL(text string, allow Allow) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, ErrURL
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, ErrURL
	}
	if u.Port() != "" && !IsPort(u.Port()) || strings.HasSuffix(u.Host, ":") {
		return nil, ErrPort
	}
	if u.Scheme == "http" && !allow.Plain && !loopback.IsHost(u.Hostname()) {
		return nil, ErrPlain
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && !allow.LinkLocal && isRefused(address) {
		return nil, ErrLinkLocal
	}
	return u, nil
}

// refuseLinkLocal checks the address to which a connection is made, after names were resolved. So
// no name and no other notation of an address gets around the rule.
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

// leadsTo returns an address and the IPv4 addresses embedded in it, to which a network may
// translate or tunnel.
func leadsTo(ip netip.Addr) []netip.Addr {
	if ip.Is4() || ip.Is4In6() {
		return []netip.Addr{ip.Unmap()}
	}
	b := ip.As16()
	within := func(prefix string) bool { return netip.MustParsePrefix(prefix).Contains(ip) }
	all := []netip.Addr{ip}
	add := func(bytes ...byte) { all = append(all, netip.AddrFrom4([4]byte(bytes))) }
	switch {
	// Compatible, SIIT, NAT64 (RFCs 4291, 2765, 6052).
	case within("::/96"), within("::ffff:0:0:0/96"), within("64:ff9b::/96"):
		add(b[12:]...)
	// NAT64 of one's own, whose prefix has 48, 56, 64 or 96 bits (RFCs 8215 and 6052).
	case within("64:ff9b:1::/48"):
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
	// ISATAP, under any prefix (RFC 5214).
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		add(b[12:]...)
	}
	return all
}

// isMetadata knows the metadata services that are not link-local: AWS's network over IPv6 (EC2 User
// Guide, "Use the Instance Metadata Service", fd00:ec2::254 among others), Alibaba's, Google's over
// IPv6, Azure's WireServer and Oracle's.
func isMetadata(ip netip.Addr) bool {
	switch ip.String() {
	case "100.100.100.200", "fd20:ce::254", "168.63.129.16", "192.0.0.192":
		return true
	}
	return netip.MustParsePrefix("fd00:ec2::/32").Contains(ip)
}
