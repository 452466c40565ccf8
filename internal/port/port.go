// Package port finds loopback ports for processes that are started, and waits until they listen.
package port

import (
	"context"
	"fmt"
	"net"
	"time"
)

const retryEvery = 10 * time.Millisecond

// Free returns a loopback address on which nothing listens now.
func Free() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

// Number returns the port of an address.
func Number(address string) string {
	_, number, _ := net.SplitHostPort(address)
	return number
}

// Await connects to an address as soon as something listens there, or until the context ends.
func Await(ctx context.Context, address string) (net.Conn, error) {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection, nil
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("nothing listens on %s: %w", address, err)
		}
	}
}
