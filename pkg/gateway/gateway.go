// Package gateway converts a cloud platform's gateway event into an http.Request, and a handler's
// reply into the platform's response. It has what the platforms have in common: tolerant reading of
// an event in one pass, the request, and the recording of the reply. Packages awsgw and scfgw know
// the formats of events and replies.
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

// identified is a context that holds the platform's ids of its request. It does what
// context.WithValue does, in a form that is allocated together with the request.
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

// RequestID returns the platform's id of the request that ctx belongs to, "" if it has none.
func RequestID(ctx context.Context) string {
	return idOf(ctx, requestIDKey{})
}

// InvocationID returns the platform's id of the invocation that ctx belongs to, "" if it has none.
// The platform's own lines in the function's log have this id.
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

// Request is the HTTP request in an event, in a form that all platforms share.
type Request struct {
	ID         string // the gateway's, or the invocation's if the gateway gives none
	Invocation string // the invocation's
	Method     string
	Path       string // without a stage's prefix, percent-encoded or not
	RawQuery   string
	Header     http.Header
	Body       []byte // decoded

	// RemoteAddr is the address that connected to the gateway, without a port. The platform reports
	// it, and no client can set it. It is "" if the platform does not report it. It is personal
	// data.
	RemoteAddr string
}

// HTTP returns the request as a server would hand it to a handler.
func (r Request) HTTP(ctx context.Context) *http.Request { return &newExchange(ctx, r).request }

// Shape describes one platform's events and replies.
type Shape struct {
	Request func(context.Context, Event) Request
	Reply   func(Event, *Response) []byte
}

// Adapter serves a handler behind one platform's gateways. Its method Invoke is the handler of raw
// bytes that both platforms' runtimes accept. It is safe for concurrent use.
type Adapter struct {
	// SingleValued, if not nil, is called at the first event whose query has only one value for
	// each name. The gateway then keeps only the last of several values, so a parameter that was
	// sent twice cannot be detected. It must be set before the first Invoke.
	SingleValued func()

	shape              Shape
	handler, malformed http.Handler
	told               sync.Once
	bodies             sync.Pool // *[]byte: bodies of replies that were sent, for the next long ones
}

// NewAdapter returns an Adapter for a handler. malformed gets an invalid event, as a POST without a
// body, so that such an event gets an HTTP reply, too. The request has the query if that can be
// read, because the query names the command.
func NewAdapter(shape Shape, handler, malformed http.Handler) *Adapter {
	return &Adapter{shape: shape, handler: handler, malformed: malformed}
}

// Invoke serves one event, with raw bytes as input and output. The event is decoded once. Its error
// is always nil, because every event gets an HTTP reply.
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
	e := newExchange(ctx, request)
	if body, ok := a.bodies.Get().(*[]byte); ok {
		e.response.body = (*body)[:0]
	}
	reply := a.shape.Reply(event, e.serve(a.handler))
	if cap(e.response.body) > len(e.response.room) {
		body := e.response.body // which only a long reply then allocates
		a.bodies.Put(&body)
	}
	return reply, nil
}

func (a *Adapter) invokeMalformed(ctx context.Context, event Event) []byte {
	request := a.shape.Request(ctx, event)
	request = Request{ID: request.ID, Invocation: request.Invocation, Method: http.MethodPost, Path: "/", RawQuery: request.RawQuery, Header: http.Header{}}
	return a.shape.Reply(event, newExchange(ctx, request).serve(a.malformed))
}
