package mysqlstate_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"msgext/internal/sqlstate/sqlstatetest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
)

// A server on another machine must have TLS and a certificate that can be verified, unless the URL
// allows less. Each refusal says what to write.
func TestStore_TLS(t *testing.T) {
	url, _ := schema(t)
	open := func(url secret.String) (state.Store, error) { return mysqlstate.Open(url) }
	noTLS, untrusted := mysqlstate.ErrNoTLS, mysqlstate.ErrCertificate
	sqlstatetest.RunTLS(t, url, open, negotiate, []sqlstatetest.TLSCase{
		{Name: "no TLS", Server: sqlstatetest.NoTLS, Want: noTLS, Says: "?tls=false"},
		{Name: "no TLS, and it is wanted on loopback", Host: "127.0.0.1", Options: "tls=true", Server: sqlstatetest.NoTLS, Want: noTLS, Says: "?tls=false"},
		{Name: "no TLS, with skip-verify", Options: "tls=skip-verify", Server: sqlstatetest.NoTLS, Want: noTLS, Says: "?tls=false"},
		{Name: "no TLS, and the URL allows it", Options: "tls=false", Server: sqlstatetest.NoTLS},
		{Name: "no TLS on loopback", Host: "127.0.0.1", Server: sqlstatetest.NoTLS},
		{Name: "an unknown authority", Want: untrusted, Says: "?ca=FILE"},
		{Name: "an unknown authority, on loopback", Host: "127.0.0.1", Options: "tls=true", Want: untrusted, Says: "?ca=FILE"},
		{Name: "an unknown authority, with skip-verify", Options: "tls=skip-verify"},
		{Name: "the URL's authority", Options: "ca=CA"},
		{Name: "the URL's authority, on loopback", Host: "127.0.0.1", Options: "ca=CA"},
		{Name: "another server's certificate", Options: "ca=CA", Server: "127.0.0.2", Want: untrusted, Says: "not trusted"},
	})
}

// negotiate is a MySQL server's beginning. The server behind it needs no TLS
// (dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html).
func negotiate(client, server net.Conn, secure *tls.Config) (net.Conn, error) {
	const clientSSL = 0x08 // CLIENT_SSL, of the capabilities' second byte
	greeting, err := packet(server)
	if err != nil {
		return nil, err
	}
	// After the server's version: thread id, eight bytes, a zero, capabilities.
	capabilities := 5 + bytes.IndexByte(greeting[5:], 0) + 1 + 4 + 8 + 1
	greeting[capabilities+1] &^= clientSSL
	if secure == nil {
		_, err := client.Write(greeting)
		return client, err
	}
	greeting[capabilities+1] |= clientSSL
	if _, err := client.Write(greeting); err != nil {
		return nil, err
	}
	if _, err := packet(client); err != nil { // the request for TLS
		return nil, err
	}
	agreed := tls.Server(client, secure)
	answer, err := packet(agreed)
	if err != nil {
		return nil, err
	}
	answer[4+1] &^= clientSSL
	// The server has not seen the request, so that its packets are numbered one less, until it takes
	// the user in or refuses.
	for {
		answer[3]--
		if _, err := server.Write(answer); err != nil {
			return nil, err
		}
		reply, err := packet(server)
		if err != nil {
			return nil, err
		}
		reply[3]++
		if _, err := agreed.Write(reply); err != nil || reply[4] == 0x00 || reply[4] == 0xff {
			return agreed, err
		}
		if answer, err = packet(agreed); err != nil {
			return nil, err
		}
	}
}

// packet reads a packet with its header: three bytes of length, and its number.
func packet(from io.Reader) ([]byte, error) {
	header := make([]byte, 4)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	body := make([]byte, int(header[0])|int(header[1])<<8|int(header[2])<<16)
	if _, err := io.ReadFull(from, body); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return nil, errors.New("an empty packet")
	}
	return append(header, body...), nil
}
