package config_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
)

func TestFromEnviron_AllowFrom(t *testing.T) {
	values := sound()
	values["MSGEXT_ALLOW_FROM"] = "203.0.113.7/24\n198.51.100.7  2001:db8::/32 2001:db8::1"
	got, err := load(values)
	require.NoError(t, err)
	assert.Equal(t, []netip.Prefix{
		netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2001:db8::1/128"),
	}, got.AllowFrom)
}

func TestFromEnviron_AllowFromRefuses(t *testing.T) {
	for value, want := range map[string]string{
		"203.0.113.0/33":                "network 1: neither a network",
		"198.51.100.7 203.0.113.256":    "network 2: neither a network",
		"chat.example.com":              "network 1: neither a network",
		"203.0.113.7:443":               "network 1: neither a network",
		"[2001:db8::1]":                 "network 1: neither a network",
		"fe80::1%eth0":                  "network 1: neither a network",
		"203.0.113.0-203.0.113.9":       "network 1: neither a network",
		"203.0.113.0/24,198.51.100.0/8": "separated by spaces",
		"203.0.113.7, 198.51.100.7":     "separated by spaces",
		"0.0.0.0/0":                     "is every address",
		"198.51.100.7 ::/0":             "is every address",
		"::ffff:203.0.113.7":            "not mapped into IPv6",
		"::ffff:203.0.113.0/120":        "not mapped into IPv6",
	} {
		values := sound()
		values["MSGEXT_ALLOW_FROM"] = value
		_, err := load(values)
		require.ErrorContains(t, err, "MSGEXT_ALLOW_FROM: ", value)
		assert.ErrorContains(t, err, want, value)
		assert.NotContains(t, err.Error(), "198.51.100.7,", value)
	}
	_, err := config.ParseNetwork("203.0.113.0/24")
	assert.NoError(t, err)
}

func TestFromEnviron_Announce(t *testing.T) {
	for value, want := range map[string]struct {
		texts   []string
		problem string
	}{
		"group_poll":        {[]string{"group_poll"}, ""},
		"group_poll\n note": {[]string{"group_poll", "note"}, ""},
		"*":                 {[]string{"*"}, ""},
		"* group_poll":      {nil, "goes with no other text"},
	} {
		values := sound()
		values["MSGEXT_ANNOUNCE"] = value
		got, err := load(values)
		if want.problem != "" {
			assert.ErrorContains(t, err, want.problem, value)
			continue
		}
		require.NoError(t, err, value)
		assert.Equal(t, want.texts, got.Announce, value)
	}
	_, err := config.FromEnviron([]string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_ANNOUNCE=*"}, config.Webhook, cloud)
	assert.ErrorContains(t, err, "MSGEXT_ANNOUNCE: needs MSGEXT_STATE")
}
