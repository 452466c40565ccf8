package httpsink

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"syscall"
)

// ErrLinkLocal is the error of an address that is refused, see Options.AllowLinkLocal.
var ErrLinkLocal = errors.New("httpsink: link-local and metadata addresses are refused")

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, ErrURL
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, ErrURL
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// refuseLinkLocal looks at the address itself, after names were resolved, so that no name and
// no other way of writing an address leads past it.
func refuseLinkLocal(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrLinkLocal
	}
	if ip := target.Addr().Unmap(); ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || isMetadata(ip) {
		return ErrLinkLocal
	}
	return nil
}

// isMetadata knows the metadata services that are not link-local: AWS's over IPv6 (EC2 User Guide,
// "Instance metadata") and Alibaba's.
func isMetadata(ip netip.Addr) bool {
	return ip == netip.MustParseAddr("fd00:ec2::254") || ip == netip.MustParseAddr("100.100.100.200")
}
