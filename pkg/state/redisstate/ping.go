package redisstate

import (
	"errors"
	"io"
	"net"
)

// errNoPong is the error for a server that cannot serve at the moment, such as one that is loading
// its data.
var errNoPong = errors.New("redisstate: no answer to a ping")

// ping checks that the server answers on a connection (redis.io/docs/latest/commands/ping).
func ping(conn net.Conn) error {
	const pong = "+PONG\r\n"
	if _, err := io.WriteString(conn, "*1\r\n$4\r\nPING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len(pong))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != pong {
		return errNoPong
	}
	return nil
}
