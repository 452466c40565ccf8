package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// setAllowFrom reads networks in CIDR notation, and single addresses.
func setAllowFrom(c *Config, value string) error {
	for i, word := range strings.Fields(value) {
		network, err := ParseNetwork(word)
		if err != nil {
			return fmt.Errorf("network %d: %w", i+1, err)
		}
		c.AllowFrom = append(c.AllowFrom, network)
	}
	return nil
}

// ParseNetwork reads a network in CIDR notation, or a single address.
func ParseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if address, addrErr := netip.ParseAddr(text); addrErr == nil && address.Zone() == "" {
		network, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	switch {
	case strings.ContainsAny(text, ",;"):
		return netip.Prefix{}, errors.New("networks are separated by spaces, not by commas or semicolons")
	case err != nil:
		return netip.Prefix{}, errors.New("neither a network such as 203.0.113.0/24 nor an address")
	case network.Addr().Is4In6():
		return netip.Prefix{}, errors.New("an IPv4 network is written as such, not mapped into IPv6")
	case network.Bits() == 0:
		return netip.Prefix{}, errors.New("is every address: leave the variable out instead")
	}
	return network.Masked(), nil
}
