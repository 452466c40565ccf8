// Package scfgw serves an http.Handler behind the gateways of Tencent SCF: a function URL and an
// API gateway, whose event has a few additional fields.
//
// Sources: tencentcloud.com/document/product/583/69491 and 583/96099 (function URL, read 2025-08),
// 583/12513 (API gateway trigger). A queryString value is a string, a list of strings, or true for
// a name without a value. Numbers are accepted as well, although scf-go-lib's own struct fails on
// them. Names and values arrive decoded, and path without the stage. Neither is documented, but
// real events show it.
//
// It is for any http.Handler that runs on SCF. Its API is v0: it may change with any release.
package scfgw

import (
	"context"
	"net/http"
	"strconv"

	"github.com/tencentyun/scf-go-lib/functioncontext"

	"msgext/pkg/gateway"
)

// New returns an adapter. It implements scf-go-lib's handler of raw bytes.
func New(handler, malformed http.Handler) *gateway.Adapter {
	return gateway.NewAdapter(gateway.Shape{Request: request, Reply: reply}, handler, malformed)
}

func request(ctx context.Context, event gateway.Event) gateway.Request {
	r := gateway.Request{
		ID:       event.Context.RequestID,
		Method:   event.Method,
		Path:     event.Path,
		RawQuery: event.QueryString.Encode(),
		Header:   event.Header,
		Body:     event.Body,

		// A function URL's event has no requestContext. The address is only in the header
		// x-scf-remote-addr. It is not documented whether the platform overwrites a header that the
		// client sent, so we do not use it.
		RemoteAddr: event.Context.SourceIP,
	}
	if r.Method == "" {
		r.Method = event.Context.Method
	}
	if invocation, ok := functioncontext.FromContext(ctx); ok {
		r.Invocation = invocation.RequestID
	}
	if r.ID == "" { // a function URL gives none
		r.ID = r.Invocation
	}
	return r
}

// reply writes the integration response (583/12513).
func reply(_ gateway.Event, response *gateway.Response) []byte {
	body, isBase64 := response.Body()
	b := make([]byte, 0, 256+len(body)+len(body)/4)
	b = append(b, `{"isBase64Encoded":`...)
	b = strconv.AppendBool(b, isBase64)
	b = append(b, `,"statusCode":`...)
	b = strconv.AppendInt(b, int64(response.Status()), 10)
	b = append(b, `,"headers":`...)
	b = gateway.AppendHeader(b, response.Header())
	b = append(b, `,"body":`...)
	b = gateway.AppendString(b, body)
	return append(b, '}')
}
