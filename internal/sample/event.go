// Package sample has requests as Chat sends them, and events as gateways pass them on. Tests and
// the tools of cmd/msgext use them.
package sample

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Request is an HTTP request before a gateway makes an event of it.
type Request struct {
	Method, Path, RawQuery, Body string

	Header map[string]string // in addition to the headers of every request; names in lower case

	// From is the address from which the gateway gets the request. "" stands for any address, and
	// Nowhere for an event without one.
	From string
}

// Nowhere is a Request's From where the gateway names no address.
const Nowhere = "nowhere"

// from returns the address that a gateway names, or "" where it names none.
func (r Request) from() string {
	switch r.From {
	case "":
		return "203.0.113.7"
	case Nowhere:
		return ""
	}
	return r.From
}

// forwarded returns X-Forwarded-For as a load balancer sends it on: with the address appended.
func (r Request) forwarded() string {
	parts := []string{r.Header["x-forwarded-for"], r.from()}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}

// Event is a request as one gateway passes it on.
type Event struct {
	Shape   string
	Payload []byte
}

type object = map[string]any

// AWSEvents returns the request in every form in which it reaches a Lambda function. A query that
// cannot be parsed has no event for the gateways that decode it.
func AWSEvents(r Request) []Event {
	events := []Event{
		{"http-v2", encode(r.v2("abcdefgh12.execute-api.eu-central-1.amazonaws.com", false))},
		{"http-v2 base64", encode(r.v2("abcdefgh12.execute-api.eu-central-1.amazonaws.com", true))},
		{"function-url", encode(r.v2("abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws", false))},
		{"alb", encode(r.alb(false))},
		{"alb multi", encode(r.alb(true))},
	}
	if rest, ok := r.rest(); ok {
		events = append(events, Event{"rest-v1", encode(rest)})
	}
	return events
}

// SCFEvents returns the request in every form in which it reaches an SCF function.
func SCFEvents(r Request) []Event {
	query, ok := r.decoded()
	if !ok {
		return nil
	}
	queryString := object{}
	for name, values := range query {
		if len(values) == 1 {
			queryString[name] = values[0]
		} else {
			queryString[name] = values
		}
	}
	functionURL := object{
		"body": r.Body, "headers": r.header(object{"content-type": "application/json", "x-scf-remote-addr": r.from()}),
		"httpMethod": r.Method, "path": r.Path, "queryString": queryString,
	}
	apiGateway := object{
		"requestContext": object{
			"serviceId": "service-f94sy04v", "path": "/msgext", "httpMethod": r.Method, "requestId": "c6af9ac6",
			"identity": object{"secretId": "x"}, "sourceIp": r.from(), "stage": "release",
		},
		"headers": r.header(object{"content-type": "application/json"}), "body": base64.StdEncoding.EncodeToString([]byte(r.Body)), "isBase64Encoded": true,
		"pathParameters": object{}, "queryStringParameters": object{}, "headerParameters": object{},
		"path": r.Path, "queryString": queryString, "httpMethod": r.Method,
	}
	return []Event{{"function-url", encode(functionURL)}, {"api-gateway base64", encode(apiGateway)}}
}

// Unwrap returns the status and the body of a response that a function made for its gateway.
func Unwrap(response []byte) (status int, body string, err error) {
	var r struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}
	err = json.Unmarshal(response, &r)
	return r.StatusCode, r.Body, err
}

// header adds the request's own headers to h, as single values or as lists.
func (r Request) header(h object) object {
	for name, value := range r.Header {
		h[name] = value
	}
	return h
}

func (r Request) multiHeader(h object) object {
	for name, value := range r.Header {
		h[name] = []string{value}
	}
	return h
}

func (r Request) v2(host string, isBase64 bool) v2Event {
	body := r.Body
	if isBase64 {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}
	joined := object{}
	if query, ok := r.decoded(); ok {
		for name, values := range query {
			joined[name] = strings.Join(values, ",")
		}
	}
	return v2Event{
		Version: "2.0", RouteKey: "$default", RawPath: r.Path, RawQueryString: r.RawQuery,
		Headers: r.header(object{
			"accept": "*/*", "content-length": strconv.Itoa(len(r.Body)), "content-type": "application/json",
			"host": host, "user-agent": "tencent-im",
			"x-amzn-trace-id": "Root=1-6925d0f6-3c1f2e9a0b5d4c7e8f901234",
			"x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443", "x-forwarded-proto": "https",
		}),
		QueryStringParameters: joined,
		RequestContext: object{
			"accountId": "123456789012", "apiId": "abcdefgh12", "domainName": host,
			"domainPrefix": strings.Split(host, ".")[0], "requestId": "Ub1yzhKPliAEJ0g=", "routeKey": "$default", "stage": "$default",
			"time": "24/Nov/2026:00:00:00 +0000", "timeEpoch": 1795478400000,
			"http": object{"method": r.Method, "path": r.Path, "protocol": "HTTP/1.1", "sourceIp": r.from(), "userAgent": "tencent-im"},
		},
		Body: body, IsBase64Encoded: isBase64,
	}
}

// v2Event is payload format 2.0, with its fields in AWS's order.
type v2Event struct {
	Version               string `json:"version"`
	RouteKey              string `json:"routeKey"`
	RawPath               string `json:"rawPath"`
	RawQueryString        string `json:"rawQueryString"`
	Headers               object `json:"headers"`
	QueryStringParameters object `json:"queryStringParameters"`
	RequestContext        object `json:"requestContext"`
	Body                  string `json:"body"`
	IsBase64Encoded       bool   `json:"isBase64Encoded"`
}

func (r Request) rest() (object, bool) {
	query, ok := r.decoded()
	if !ok {
		return nil, false
	}
	single := object{}
	for name, values := range query {
		single[name] = values[len(values)-1] // so this format hides a doubled Sign
	}
	return object{
		"resource": "/{proxy+}", "path": r.Path, "httpMethod": r.Method,
		"headers":               r.header(object{"Content-Type": "application/json"}),
		"multiValueHeaders":     r.multiHeader(object{"Content-Type": []string{"application/json"}}),
		"queryStringParameters": single, "multiValueQueryStringParameters": query,
		"requestContext": object{
			"requestId": "id", "stage": "prod", "httpMethod": r.Method, "path": "/prod" + r.Path, "identity": object{"sourceIp": r.from()},
		},
		"body": r.Body, "isBase64Encoded": false,
	}, true
}

func (r Request) alb(multi bool) object {
	event := object{
		"requestContext": object{"elb": object{"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:0:targetgroup/a/b"}},
		"httpMethod":     r.Method, "path": r.Path, "body": r.Body, "isBase64Encoded": false,
	}
	single, multiple := object{}, map[string][]string{}
	for _, pair := range strings.Split(r.RawQuery, "&") {
		if name, value, _ := strings.Cut(pair, "="); pair != "" {
			single[name] = value
			multiple[name] = append(multiple[name], value)
		}
	}
	if multi {
		header := r.multiHeader(object{"content-type": []string{"application/json"}})
		header["x-forwarded-for"] = []string{r.forwarded()}
		event["multiValueHeaders"] = header
		event["multiValueQueryStringParameters"] = multiple
	} else {
		header := r.header(object{"content-type": "application/json"})
		header["x-forwarded-for"] = r.forwarded()
		event["headers"] = header
		event["queryStringParameters"] = single
	}
	return event
}

func (r Request) decoded() (url.Values, bool) {
	query, err := url.ParseQuery(r.RawQuery)
	return query, err == nil
}

// Proxied returns the request as a proxy sends it on to a server: with its origin appended.
func (r Request) Proxied() Request {
	header := maps.Clone(r.Header)
	if header == nil {
		header = make(map[string]string)
	}
	header["x-forwarded-for"] = r.forwarded()
	r.Header = header
	return r
}

func encode(event any) []byte {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // as the platforms write it
	if err := encoder.Encode(event); err != nil {
		panic(err) // maps of strings can always be encoded
	}
	return encoded.Bytes()
}
