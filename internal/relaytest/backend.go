// Package relaytest has a backend of an app that gives any answer, byte for byte, valid or not. It
// also has the vectors that say what the relay must make of each answer.
package relaytest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// End is what happens to a connection after an answer.
type End int

// The ends.
const (
	Keep  End = iota // it takes the next request
	Close            // closed, after what was written
	Reset            // reset, as by a crash
	Hang             // it stays open, and nothing more is sent
)

// Answer is what a backend does with a request.
type Answer struct {
	Wire    string        // written byte for byte
	Trickle time.Duration // pause before each byte of it
	Unread  bool          // the body is not read before the answer
	End     End
}

// OK is the answer that most backends give to most webhooks.
var OK = Answer{Wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + okLength + "\r\n\r\n" + OKBody}

// OKBody is the body of OK. Our own replies are never written like that.
const (
	OKBody   = `{ "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "" }`
	okLength = "57"
)

// Request is a request that the backend has received. Body is nil where it was not read.
type Request struct {
	Method, Target, Host string
	Header               http.Header
	Body                 []byte
	Connection           int // counted from 1
}

// Backend is a running backend. It is safe for concurrent use.
type Backend struct {
	URL string // with a path of its own

	listener net.Listener
	mu       sync.Mutex
	answer   func(*http.Request) Answer
	requests []Request
	accepted int
	open     map[net.Conn]bool
	serving  sync.WaitGroup
}

// Start runs a backend that answers OK until told otherwise, and stops it at the test's end.
func Start(t testing.TB) *Backend {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := NewBackend(listener)
	t.Cleanup(b.Stop)
	return b
}

// NewBackend runs a backend on a listener.
func NewBackend(listener net.Listener) *Backend {
	b := &Backend{URL: "http://" + listener.Addr().String() + "/backend", listener: listener, open: make(map[net.Conn]bool)}
	b.Answer(OK)
	b.serving.Go(b.accept)
	return b
}

// Answer tells the backend what to do with each request from now on.
func (b *Backend) Answer(answer Answer) {
	b.AnswerBy(func(*http.Request) Answer { return answer })
}

// AnswerBy sets the function that chooses the answer to each request from now on.
func (b *Backend) AnswerBy(choose func(*http.Request) Answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = choose
}

// Requests returns what the backend has received since the last call.
func (b *Backend) Requests() []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	requests := b.requests
	b.requests = nil
	return requests
}

// Stop closes the listener and all connections. The backend then refuses connections.
func (b *Backend) Stop() {
	_ = b.listener.Close()
	b.mu.Lock()
	for conn := range b.open {
		_ = conn.Close()
	}
	b.mu.Unlock()
	b.serving.Wait()
}

func (b *Backend) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.accepted++
		number := b.accepted
		b.open[conn] = true
		b.mu.Unlock()
		b.serving.Go(func() { b.serve(conn, number) })
	}
}

func (b *Backend) serve(conn net.Conn, number int) {
	defer func() {
		b.mu.Lock()
		delete(b.open, conn)
		b.mu.Unlock()
		_ = conn.Close()
	}()
	reader := bufio.NewReader(conn)
	for b.exchange(conn, reader, number) {
	}
}

// exchange takes one request and reports whether the connection goes on.
func (b *Backend) exchange(conn net.Conn, reader *bufio.Reader, number int) bool {
	request, err := http.ReadRequest(reader)
	if err != nil {
		return false
	}
	b.mu.Lock()
	answer := b.answer(request)
	b.mu.Unlock()
	seen := Request{Method: request.Method, Target: request.RequestURI, Host: request.Host, Header: request.Header, Connection: number}
	if !answer.Unread {
		if seen.Body, err = io.ReadAll(request.Body); err != nil {
			return false
		}
	}
	b.mu.Lock()
	b.requests = append(b.requests, seen)
	b.mu.Unlock()
	if !write(conn, answer) {
		return false
	}
	switch answer.End {
	case Keep:
		return true
	case Reset:
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	case Hang:
		_, _ = io.Copy(io.Discard, conn) // until the other side closes the connection
	}
	return false
}

func write(conn net.Conn, answer Answer) bool {
	if answer.Trickle == 0 {
		_, err := io.WriteString(conn, answer.Wire)
		return err == nil
	}
	for i := range len(answer.Wire) {
		time.Sleep(answer.Trickle)
		if _, err := io.WriteString(conn, answer.Wire[i:i+1]); err != nil {
			return false
		}
	}
	return true
}
