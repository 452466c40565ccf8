package gateway

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// exchange is a request, everything that belongs to it, and the reply to it, in one allocation.
type exchange struct {
	request  http.Request
	ctx      identified
	url      url.URL
	body     body
	response Response
}

func newExchange(ctx context.Context, r Request) *exchange {
	e := &exchange{ctx: identified{ctx, r.ID, r.Invocation}, url: url.URL{Path: r.Path, RawQuery: r.RawQuery}, body: body{rest: r.Body}}
	if path, err := url.PathUnescape(r.Path); err == nil && path != r.Path {
		e.url.Path, e.url.RawPath = path, r.Path
	}
	request := http.Request{
		Method: r.Method, URL: &e.url,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.Header, Host: r.Header.Get("Host"),
		Body: &e.body, ContentLength: int64(len(r.Body)),
		RemoteAddr: r.RemoteAddr,
	}
	e.request = *request.WithContext(&e.ctx) // the only way to set its context
	return e
}

func (e *exchange) serve(h http.Handler) *Response {
	e.response.serve(h, &e.request)
	return &e.response
}

// body is a request's body.
type body struct{ rest []byte }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (*body) Close() error { return nil }

// Take returns the unread rest and empties the body, so that webhook.ReadBody need not copy it.
func (b *body) Take() []byte {
	taken := b.rest
	b.rest = nil
	return taken
}
