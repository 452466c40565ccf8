package redisstate

import (
	"errors"
	"io"
	"net"
)

// errNoPong is the error of a server that cannot serve just now, such as one that is loading.
var errNoPong = errors.New("redisstate: no answer to a ping")

// ping asks a connection for a sign of life (redis.io/docs/latest/commands/ping).
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
