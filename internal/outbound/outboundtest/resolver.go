// Package outboundtest has a name server for tests of address rules, and a network that fails.
package outboundtest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// Resolver answers every query with this one address.
func Resolver(t testing.TB, address string) *net.Resolver {
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
