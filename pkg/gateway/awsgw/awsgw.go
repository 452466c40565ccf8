// Package awsgw serves an http.Handler behind the gateways of AWS Lambda: a REST API (payload
// format 1.0), an HTTP API (2.0), a function URL, and an Application Load Balancer with single or
// multi-value headers. One binary serves all of them, because the event shows its format.
//
// Sources: "Working with AWS Lambda proxy integrations" (API Gateway Developer Guide), "Invoking
// Lambda function URLs" and "Lambda functions as targets" (Elastic Load Balancing), read
// 2026-11-24; the samples in aws-lambda-go's events/testdata; X-Forwarded-For from "HTTP headers
// and Application Load Balancers". How a custom domain changes path is not documented. We follow
// the list in github.com/localstack/localstack/pull/12296.
//
// It is for any http.Handler that runs on Lambda. Its API is v0: it may change with any release.
package awsgw

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"msgext/pkg/gateway"
)

// New returns an adapter. It implements lambda.Handler.
func New(handler, malformed http.Handler) *gateway.Adapter {
	return gateway.NewAdapter(gateway.Shape{Request: request, Reply: reply}, handler, malformed)
}

// shape is a format of events and their replies.
type shape int

const (
	shapeREST shape = iota // payload format 1.0, and any event that only has a method
	shapeHTTP              // payload format 2.0: HTTP API and function URL
	shapeALB
)

func shapeOf(event gateway.Event) shape {
	switch {
	case event.Context.ELB:
		return shapeALB
	case event.Method == "" && (event.Context.Method != "" || event.RawQuery != ""):
		return shapeHTTP
	}
	return shapeREST
}

func request(ctx context.Context, event gateway.Event) gateway.Request {
	r := gateway.Request{ID: event.Context.RequestID, Method: event.Method, Path: event.Path, Header: event.Header, Body: event.Body}
	switch shapeOf(event) {
	case shapeHTTP:
		r.Method = event.Context.Method
		r.Path = withoutStage(event.RawPath, event.Context.Stage)
		// The parsed map joins repeated names by commas, and so would hide a second Sign.
		r.RawQuery = event.RawQuery
		r.RemoteAddr = event.Context.HTTPSourceIP
	case shapeALB:
		// A load balancer passes names and values on as they were sent, still percent-encoded.
		r.RawQuery = query(event).Raw()
		r.RemoteAddr = lastHop(event.Header)
	default:
		// The gateway has already removed the stage from path, unless the request came through a
		// custom domain or an HTTP API. In those cases both paths are the one that was sent.
		if event.Path == event.Context.Path {
			r.Path = withoutStage(event.Path, event.Context.Stage)
		}
		r.RawQuery = query(event).Encode()
		r.RemoteAddr = event.Context.IdentitySourceIP
	}
	if invocation, ok := lambdacontext.FromContext(ctx); ok {
		r.Invocation = invocation.AwsRequestID
	}
	if r.ID == "" { // a load balancer gives none
		r.ID = r.Invocation
	}
	return r
}

// lastHop returns the last address in X-Forwarded-For. A load balancer appends the address that
// connected to it, as long as its attribute routing.http.xff_header_processing.mode is append, the
// default. If there are several lines it is not documented to which one it appends, so none is
// believed.
func lastHop(header http.Header) string {
	if len(header["X-Forwarded-For"]) != 1 {
		return ""
	}
	return gateway.ForwardedFor(header, 1)
}

func query(event gateway.Event) gateway.Pairs {
	if event.HasMultiQuery {
		return event.MultiQuery
	}
	return event.Query
}

// withoutStage removes a stage's prefix from a path. An HTTP API adds it for every stage but
// $default. The base path of a custom domain's mapping stays, because no event contains it.
func withoutStage(path, stage string) string {
	if stage == "" || stage == "$default" {
		return path
	}
	rest, found := strings.CutPrefix(path, "/"+stage)
	if !found || rest != "" && rest[0] != '/' {
		return path
	}
	return rest
}

// reply writes the response as the shape's gateway expects it.
func reply(event gateway.Event, response *gateway.Response) []byte {
	shape := shapeOf(event)
	body, isBase64 := response.Body()
	b := make([]byte, 0, 256+len(body)+len(body)/4)
	b = append(b, `{"statusCode":`...)
	b = strconv.AppendInt(b, int64(response.Status()), 10)
	if shape == shapeALB {
		b = append(b, `,"statusDescription":`...)
		b = gateway.AppendString(b, strconv.Itoa(response.Status())+" "+http.StatusText(response.Status()))
	}
	if shape == shapeALB && event.HasMultiHeader {
		b = append(b, `,"multiValueHeaders":`...) // the only field that is read in this mode
		b = gateway.AppendMultiHeader(b, response.Header())
	} else {
		b = append(b, `,"headers":`...)
		b = gateway.AppendHeader(b, response.Header())
	}
	b = append(b, `,"body":`...)
	b = gateway.AppendString(b, body)
	b = append(b, `,"isBase64Encoded":`...)
	b = strconv.AppendBool(b, isBase64)
	return append(b, '}')
}
