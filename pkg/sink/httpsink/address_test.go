package httpsink_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/sinktest"
)

var refused = []string{
	"169.254.169.254", "169.254.0.23", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
	"fe80::1", "fe80::1%25lo", "febf::1", "ff02::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "100.100.100.200", "::ffff:100.100.100.200",
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
	for _, address := range []string{"10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "[fd12::1]", "[2001:db8::1]", "[64:ff9b::a00:1]", "[::ffff:10.0.0.1]"} {
		_, err := httpsink.New(httpsink.Options{URL: secret.String("https://" + address + "/")})
		assert.NoError(t, err, "in a VPC receivers have private addresses: %s", address)
	}
}

// A name that leads to a refused address is refused when the connection is made, and that at once.
func TestSink_RefusesNamesOfLinkLocalAddresses(t *testing.T) {
	for _, address := range []string{"169.254.169.254", "fd00:ec2::254", "fe80::1", "64:ff9b::a9fe:a9fe"} {
		s, err := httpsink.NewWithResolver(httpsink.Options{URL: "https://metadata.example/"}, resolver(t, address))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = s.Send(ctx, sinktest.Change(t, "g", 1, "v"))
		require.ErrorIs(t, err, httpsink.ErrLinkLocal, address)
		assert.NoError(t, ctx.Err())
	}
}

// resolver answers that every name has this one address.
func resolver(t *testing.T, address string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		query := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answerTo(query[:n], netip.MustParseAddr(address)), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answerTo makes a DNS response (RFC 1035, section 4) of a query with one question.
func answerTo(query []byte, address netip.Addr) []byte {
	const typeA, typeAAAA = 1, 28
	end := 12
	for query[end] != 0 { // the labels of the name
		end += 1 + int(query[end])
	}
	end += 5 // the root's label, type and class
	asked := binary.BigEndian.Uint16(query[end-4:])
	response := append([]byte(nil), query[:end]...)
	response[2], response[3] = 0x81, 0x80          // a response, recursion available
	copy(response[4:12], []byte{0, 1, 0, 0, 0, 0}) // one question, no answer yet
	response[10], response[11] = 0, 0              // nothing additional
	if address.Is4() && asked == typeA || address.Is6() && asked == typeAAAA {
		response[7] = 1
		response = append(response, 0xc0, 12) // the name in the question
		response = binary.BigEndian.AppendUint16(response, asked)
		response = binary.BigEndian.AppendUint16(response, 1)
		response = binary.BigEndian.AppendUint32(response, 0)
		response = binary.BigEndian.AppendUint16(response, uint16(len(address.AsSlice())))
		response = append(response, address.AsSlice()...)
	}
	return response
}
