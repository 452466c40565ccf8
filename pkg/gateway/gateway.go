// Package gateway turns a cloud platform's gateway event into an http.Request and a handler's
// reply into the platform's response. What the platforms have in common is here: reading an event
// once and tolerantly, the request, and the recording of the reply. Package awsgw and package scfgw
// know the shapes.
//
// It is for adapters to a platform other than those of packages awsgw and scfgw. Its API is v0:
// it may change with any release.
package gateway

import (
	"context"
	"net/http"
	"sync"
)

type (
	requestIDKey    struct{}
	invocationIDKey struct{}
)

// identified is a context that knows the platform's ids of its request. It is context.WithValue in
// a form that a Request can hold.
type identified struct {
	context.Context
	id, invocation string
}

// Value implements context.Context.
func (c *identified) Value(key any) any {
	if key == (requestIDKey{}) {
		return &c.id // a pointer costs no allocation
	}
	if key == (invocationIDKey{}) {
		return &c.invocation
	}
	return c.Context.Value(key)
}

// RequestID returns the platform's id of the request that ctx belongs to, "" when it has none.
func RequestID(ctx context.Context) string {
	return idOf(ctx, requestIDKey{})
}

// InvocationID returns the platform's id of the invocation that ctx belongs to, under which the
// platform's own lines of the function's log stand; "" when it has none.
func InvocationID(ctx context.Context) string {
	return idOf(ctx, invocationIDKey{})
}

func idOf(ctx context.Context, key any) string {
	id, ok := ctx.Value(key).(*string)
	if !ok {
		return ""
	}
	return *id
}

// Request is what an event says of an HTTP request, in a form that all platforms share.
type Request struct {
	ID         string // the gateway's, or the invocation's where the gateway gives none
	Invocation string // the invocation's
	Method     string
	Path       string // without a stage's prefix, percent-encoded or not
	RawQuery   string
	Header     http.Header
	Body       []byte // decoded

	// RemoteAddr is the address of whoever spoke to the gateway, without a port, as the platform
	// says and no client can write it; "" where the platform says nothing of the kind. It is
	// personal data.
	RemoteAddr string
}

// HTTP returns the request as a server would hand it to a handler.
func (r Request) HTTP(ctx context.Context) *http.Request { return &newExchange(ctx, r).request }

// Shape is how one platform's events and replies look.
type Shape struct {
	Request func(context.Context, Event) Request
	Reply   func(Event, *Response) []byte
}

// Adapter serves a handler behind one platform's gateways. It has the method by which both
// platforms' runtimes take a function of raw bytes. It is safe for concurrent use.
type Adapter struct {
	// SingleValued, where it is not nil, is called at the first event whose query has one value for
	// each name, because the gateway keeps of several the last: what was sent twice cannot be seen
	// then. It is to be set before the first Invoke.
	SingleValued func()

	shape              Shape
	handler, malformed http.Handler
	told               sync.Once
}

// NewAdapter returns an Adapter for a handler. An event that makes no sense is handed to malformed
// as a POST without a body, so that it too gets an HTTP reply, with the query if that can be read:
// it names the command.
func NewAdapter(shape Shape, handler, malformed http.Handler) *Adapter {
	return &Adapter{shape: shape, handler: handler, malformed: malformed}
}

// Invoke serves one event, in and out as raw bytes; the event is decoded once. Its error is
// always nil: whatever comes in gets an HTTP reply.
func (a *Adapter) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	event, err := parse(payload)
	if err != nil {
		return a.invokeMalformed(ctx, salvage(payload)), nil
	}
	if a.SingleValued != nil && event.singleValued() {
		a.told.Do(a.SingleValued)
	}
	request := a.shape.Request(ctx, event)
	if request.Path == "" {
		request.Path = "/"
	}
	return a.shape.Reply(event, newExchange(ctx, request).serve(a.handler)), nil
}

func (a *Adapter) invokeMalformed(ctx context.Context, event Event) []byte {
	request := a.shape.Request(ctx, event)
	request = Request{ID: request.ID, Invocation: request.Invocation, Method: http.MethodPost, Path: "/", RawQuery: request.RawQuery, Header: http.Header{}}
	return a.shape.Reply(event, newExchange(ctx, request).serve(a.malformed))
}
