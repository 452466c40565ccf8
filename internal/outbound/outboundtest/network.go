package outboundtest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Network forwards connections to a server. Data on a frozen connection is swallowed, as where a
// NAT has forgotten the connection or its peer is gone. The server's answers can be delayed.
type Network struct {
	net.Listener
	server            string
	opened, frozen    atomic.Int64 // connections, in the order in which they are opened
	swallowed, closed atomic.Int64
	delay             atomic.Int64
}

// NewNetwork returns a network before the server at an address.
func NewNetwork(t testing.TB, server string) *Network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &Network{Listener: listener, server: server}
	t.Cleanup(func() { assert.NoError(t, listener.Close()) })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go n.pass(client, n.opened.Add(1))
		}
	}()
	return n
}

// Freeze freezes all open connections.
func (n *Network) Freeze() { n.frozen.Store(n.opened.Load()) }

// Delay delays every answer by d from now on.
func (n *Network) Delay(d time.Duration) { n.delay.Store(int64(d)) }

// Opened returns how many connections were ever opened, Swallowed how many packets frozen
// connections took.
func (n *Network) Opened() int64    { return n.opened.Load() }
func (n *Network) Swallowed() int64 { return n.swallowed.Load() }

// Standing returns how many connections the clients have not closed.
func (n *Network) Standing() int64 { return n.opened.Load() - n.closed.Load() }

func (n *Network) pass(client net.Conn, number int64) {
	defer n.closed.Add(1)
	server, err := net.Dial("tcp", n.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		n.copy(client, server, func() bool {
			time.Sleep(time.Duration(n.delay.Load())) // the network is slow, not the test
			return true
		})
		_ = client.Close()
	})
	n.copy(server, client, func() bool {
		frozen := number <= n.frozen.Load()
		if frozen {
			n.swallowed.Add(1)
		}
		return !frozen
	})
	_ = server.Close()
	both.Wait()
}

// copy copies what passes.
func (n *Network) copy(to, from net.Conn, passes func() bool) {
	buffer := make([]byte, 64<<10)
	for {
		size, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !passes() {
			continue
		}
		if _, err := to.Write(buffer[:size]); err != nil {
			return
		}
	}
}
