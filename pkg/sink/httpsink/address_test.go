package httpsink_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

var refused = []string{
	"169.254.169.254", "169.254.0.23", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
	"64:ff9b:1::a9fe:a9fe", "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0", "::ffff:0:a9fe:a9fe", // NAT64 of one's own, by each length of its prefix; SIIT
	"2001:0:a9fe:a9fe::1", "2001:0:1:2::5601:5601", "fd12::5efe:a9fe:a9fe", "2001:db8::200:5efe:a9fe:a9fe", "2002:6464:64c8::1", // Teredo's server and client, ISATAP, another's metadata
	"fe80::1", "fe80::1%25lo", "febf::1", "ff02::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "100.100.100.200", "::ffff:100.100.100.200",
	"168.63.129.16", "192.0.0.192", "64:ff9b::a83f:8110",
}

func TestNew_RefusesLinkLocalAddresses(t *testing.T) {
	for _, address := range refused {
		url := secret.String("https://" + address + "/latest/meta-data")
		if strings.Contains(address, ":") {
			url = secret.String("https://[" + address + "]/latest/meta-data")
		}
		_, err := httpsink.New(httpsink.Options{URL: url})
		assert.ErrorIs(t, err, httpsink.ErrLinkLocal, address)
		_, err = httpsink.New(httpsink.Options{URL: url, AllowLinkLocal: true})
		assert.NoError(t, err, address)
	}
	for _, address := range []string{"10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fd12::1]", "[2001:db8::1]", "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[2001:0:1:2::f5ff:fffe]", "[fd12::5efe:a00:1]", "[::ffff:0:a00:1]", "[::ffff:10.0.0.1]"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String("https://" + address + "/")})
		assert.NoError(t, err, "in a VPC receivers have private addresses: %s", address)
	}
}

// A name that leads to a refused address is refused when the connection is made, and that at once.
func TestSink_RefusesNamesOfLinkLocalAddresses(t *testing.T) {
	for _, address := range []string{"169.254.169.254", "fd00:ec2::254", "fe80::1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "fd12::5efe:a9fe:a9fe"} {
		s, err := httpsink.NewWithResolver(httpsink.Options{URL: "https://metadata.example/"}, outboundtest.Resolver(t, address))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = s.Send(ctx, sinktest.Change(t, "g", 1, "v"))
		require.ErrorIs(t, err, httpsink.ErrLinkLocal, address)
		assert.NoError(t, ctx.Err())
	}
}
