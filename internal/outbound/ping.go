package outbound

import (
	"context"
	"net"
	"sync"
	"syscall"
	"time"
)

// Dial makes a connection.
type Dial = func(ctx context.Context, network, address string) (net.Conn, error)

// Pinger pings suspect connections of a client whose protocol has a ping. The rules stand at
// SuspectAfter. It is safe for concurrent use.
type Pinger struct {
	Now func() time.Time // the wall clock; not to be changed once it is used

	ping func(net.Conn) error
	mu   sync.Mutex
	open map[*pinged]bool
}

// NewPinger returns a Pinger. ping sends one ping on a connection that nothing else uses at the
// time, and reads the answer. A deadline is set before. ping is nil where the client calls Check
// when it takes up a connection.
func NewPinger(ping func(net.Conn) error) *Pinger {
	return &Pinger{
		Now:  func() time.Time { return time.Now().Round(0) }, // without the monotonic reading
		ping: ping, open: make(map[*pinged]bool),
	}
}

// Dial returns a function that dials as dial does. Some clients look at the socket of a connection
// before they take it up again, as go-redis does by syscall.Conn. That look pings the connection.
// If no answer comes, the client is told that the connection is closed.
func (p *Pinger) Dial(dial Dial) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := &pinged{Conn: conn, pinger: p, used: p.Now()}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.open[c] = true
		return c, nil
	}
}

// Check is called when a client takes up a connection that Dial made, or a TLS connection over one.
// If the connection is suspect it is pinged, and the answer must come within PingTimeout. If none
// comes, the connection and all other suspect ones that are not in use are closed, and the error is
// the ping's. Otherwise the connection is in use until Release.
func (p *Pinger) Check(ctx context.Context, conn net.Conn, ping func(context.Context) error) error {
	c := bare(conn)
	if c == nil {
		return nil
	}
	since := p.Now().Add(-SuspectAfter)
	// Closed together with another that gave no answer; the client need not wait for that.
	if c.isClosed() {
		return net.ErrClosed
	}
	if c.isSuspect(since) {
		limited, cancel := context.WithTimeout(ctx, PingTimeout)
		defer cancel()
		if err := ping(limited); err != nil {
			// Otherwise the caller stopped waiting, which says nothing about the connection.
			if ctx.Err() == nil {
				p.closeIdleSince(c, since)
			}
			return err
		}
	}
	c.set(func() { c.busy, c.suspected = true, false })
	return nil
}

// Release is called when a client puts a connection back.
func (p *Pinger) Release(conn net.Conn) {
	if c := bare(conn); c != nil {
		c.set(func() { c.busy = false })
	}
}

// Suspect makes every connection suspect at its next use, however short its idle time was. It is
// called when a server has ended a connection.
func (p *Pinger) Suspect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.set(func() { c.suspected = true })
	}
}

// bare returns the connection that Dial made, or nil if Dial did not make it.
func bare(conn net.Conn) *pinged {
	for {
		switch c := conn.(type) {
		case *pinged:
			return c
		case interface{ NetConn() net.Conn }: // *tls.Conn
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// pinged is a connection that knows when it was last used.
type pinged struct {
	net.Conn
	pinger *Pinger

	mu        sync.Mutex
	used      time.Time // by the wall clock
	busy      bool      // between Check and Release
	suspected bool
	closed    bool
}

func (c *pinged) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// isSuspect reports whether a connection has been idle since a moment or longer, or Suspect has
// marked it.
func (c *pinged) isSuspect(since time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.suspected || !c.used.After(since)
}

func (c *pinged) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *pinged) isBusy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.busy
}

func (c *pinged) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.note(n)
	return n, err
}

func (c *pinged) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.note(n)
	return n, err
}

func (c *pinged) note(n int) {
	if n > 0 {
		c.set(func() { c.used = c.pinger.Now() })
	}
}

// Close implements net.Conn.
func (c *pinged) Close() error {
	c.pinger.mu.Lock()
	delete(c.pinger.open, c)
	c.pinger.mu.Unlock()
	c.set(func() { c.closed = true })
	return c.Conn.Close()
}

// SyscallConn implements syscall.Conn. Where a ping is due, its error is the ping's, and the
// connection is then closed.
func (c *pinged) SyscallConn() (syscall.RawConn, error) {
	if since := c.pinger.Now().Add(-SuspectAfter); c.isSuspect(since) {
		// Where no deadline can be set, the ping fails below.
		_ = c.SetDeadline(time.Now().Add(PingTimeout))
		err := c.pinger.ping(c)
		_ = c.SetDeadline(time.Time{})
		if err != nil {
			c.pinger.closeIdleSince(c, since)
			return nil, err
		}
	}
	if socket, ok := c.Conn.(syscall.Conn); ok {
		return socket.SyscallConn()
	}
	return opaque{}, nil
}

// closeIdleSince closes a connection and all others that are suspect. A connection that waits for
// an answer is spared because it is in use. Where the client does not call Check, no call waits
// longer than SuspectAfter.
func (p *Pinger) closeIdleSince(dead *pinged, since time.Time) {
	idle := []*pinged{dead}
	p.mu.Lock()
	for c := range p.open {
		if c != dead && !c.isBusy() && c.isSuspect(since) {
			idle = append(idle, c)
		}
	}
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.Close() // it is dead, so that its error says nothing
	}
}

// opaque is a socket under TLS, whose state cannot be seen.
type opaque struct{}

func (opaque) Control(func(uintptr)) error           { return nil }
func (opaque) Read(func(uintptr) (done bool)) error  { return nil }
func (opaque) Write(func(uintptr) (done bool)) error { return nil }
