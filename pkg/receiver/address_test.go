package receiver_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/internal/vectortest"
	"msgext/pkg/receiver"
)

// allowed are the networks of testdata/addresses.json.
func allowed(t *testing.T) (networks []netip.Prefix) {
	t.Helper()
	for _, word := range strings.Fields(sample.LoadAddresses().Allow) {
		network, err := netip.ParsePrefix(word)
		if err != nil {
			network, err = netip.MustParseAddr(word).Prefix(netip.MustParseAddr(word).BitLen())
		}
		require.NoError(t, err)
		networks = append(networks, network)
	}
	return networks
}

func TestReceiver_Addresses(t *testing.T) {
	for _, test := range sample.LoadAddresses().Vectors {
		t.Run(test.Name, func(t *testing.T) {
			want := vectortest.Named(t, test.Vector).Want
			if !test.Allowed && !test.Exempt {
				want.Status, want.Reason, want.Reply = 403, "foreign address", []byte(`{"ActionStatus":"FAIL","ErrorInfo":"not authenticated","ErrorCode":1}`)
			}
			remotes := []string{test.From}
			if address, err := netip.ParseAddr(test.From); err == nil {
				remotes = append(remotes, netip.AddrPortFrom(address, 50123).String())
			}
			for _, remote := range remotes {
				options, lines := logged(options())
				options.AllowFrom = allowed(t)
				r := vectorRequest(t, test.Vector, now)
				r.RemoteAddr = remote
				for name, value := range test.Header {
					r.Header.Set(name, value)
				}
				reply := httptest.NewRecorder()
				receiver.New(options).ServeHTTP(reply, r)
				assert.Equal(t, want.Status, reply.Code, remote)
				assert.JSONEq(t, string(want.Reply), reply.Body.String(), remote)
				assert.Equal(t, want.Reason, lines.only(t)["reason"], remote)
				assert.NotContains(t, lines.String(), test.From)
				assert.NotContains(t, lines.String(), "192.0.2.10")
				assert.NotContains(t, reply.Body.String(), test.From)
			}
		})
	}
}

// The log must say why every webhook is refused behind an SCF function URL.
func TestReceiver_SaysWhereNoAddressIsKnown(t *testing.T) {
	options, lines := logged(options())
	options.AllowFrom = allowed(t)
	r := vectorRequest(t, "sample-group-set", now)
	r.RemoteAddr = ""
	receiver.New(options).ServeHTTP(httptest.NewRecorder(), r)
	assert.Contains(t, lines.only(t)["error"], "an SCF function URL has x-scf-remote-addr alone")
}

// A zone is this machine's own name for a network link, not part of the address.
func TestReceiver_AnAddressWithAZone(t *testing.T) {
	options, lines := logged(options())
	options.AllowFrom = []netip.Prefix{netip.MustParsePrefix("fe80::/64")}
	r := vectorRequest(t, "sample-group-set", now)
	r.RemoteAddr = "[fe80::1%eth0]:443"
	receiver.New(options).ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, "delivered", lines.only(t)["reason"])
}
