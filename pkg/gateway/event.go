package gateway

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"msgext/internal/jsonwalk"
)

// errEvent is parse's error for an invalid event: not a JSON object, a method or a body of another
// type, or a body that is marked as base64 and is not.
var errEvent = errors.New("gateway: event makes no sense")

// maxDepth is how deep an event may nest.
const maxDepth = 64

// Event holds the relevant fields of an event of any of the platforms. A field that is absent,
// null, or of a wrong type is zero.
type Event struct {
	Method   string // httpMethod
	Path     string // path
	RawPath  string // rawPath
	RawQuery string // rawQueryString

	Header         http.Header // multiValueHeaders if that is an object, else headers; never nil
	HasMultiHeader bool        // multiValueHeaders is an object, perhaps an empty one
	Query          Pairs       // queryStringParameters
	MultiQuery     Pairs       // multiValueQueryStringParameters
	HasMultiQuery  bool        // likewise
	QueryString    Pairs       // queryString
	Context        Context
	Body           []byte // decoded
	isBase64       bool
}

// Context is an event's requestContext.
type Context struct {
	RequestID string // requestId
	Stage     string // stage
	Path      string // path
	Method    string // http.method
	ELB       bool   // elb is an object

	// Where the request came from, as the platform saw it. No client can set these.
	SourceIP         string // sourceIp
	IdentitySourceIP string // identity.sourceIp
	HTTPSourceIP     string // http.sourceIp
}

// singleValued reports whether the event has the query only as a map of single values. Payload
// format 2.0 has such a map, too, but also the query as it was sent.
func (e *Event) singleValued() bool { return len(e.Query) > 0 && !e.HasMultiQuery && e.RawQuery == "" }

// parse reads an event in one pass. Its error is errEvent.
func parse(event []byte) (Event, error) {
	var e Event
	w := jsonwalk.New(event, maxDepth)
	if err := w.Object(func(name []byte) error { return e.member(&w, name) }); err != nil {
		return Event{}, errEvent
	}
	if err := w.End(); err != nil {
		return Event{}, errEvent
	}
	if e.isBase64 {
		body := make([]byte, base64.StdEncoding.DecodedLen(len(e.Body)))
		n, err := base64.StdEncoding.Strict().Decode(body, e.Body)
		if err != nil {
			return Event{}, errEvent
		}
		e.Body = body[:n]
	}
	if e.Header == nil {
		e.Header = http.Header{}
	}
	return e, nil
}

func (e *Event) member(w *jsonwalk.Walker, name []byte) error {
	switch string(name) {
	case "httpMethod":
		return strict(w, &e.Method)
	case "path":
		return lenient(w, &e.Path)
	case "rawPath":
		return lenient(w, &e.RawPath)
	case "rawQueryString":
		return lenient(w, &e.RawQuery)
	case "headers":
		if e.HasMultiHeader {
			return w.Skip()
		}
		return e.readHeader(w)
	case "multiValueHeaders":
		e.HasMultiHeader = w.Kind() == '{'
		return e.readHeader(w)
	case "queryStringParameters":
		if e.RawQuery != "" { // comes before it, and takes precedence
			return w.Skip()
		}
		return e.Query.read(w)
	case "multiValueQueryStringParameters":
		e.HasMultiQuery = w.Kind() == '{'
		return e.MultiQuery.read(w)
	case "queryString":
		return e.QueryString.read(w)
	case "requestContext":
		return object(w, func(name []byte) error { return e.Context.member(w, name) })
	case "isBase64Encoded":
		e.isBase64 = w.Kind() == 't'
		return w.Skip()
	case "body":
		return e.readBody(w)
	}
	return w.Skip()
}

func (c *Context) member(w *jsonwalk.Walker, name []byte) error {
	switch string(name) {
	case "requestId":
		return lenient(w, &c.RequestID)
	case "stage":
		return lenient(w, &c.Stage)
	case "path":
		return lenient(w, &c.Path)
	case "sourceIp":
		return lenient(w, &c.SourceIP)
	case "elb":
		c.ELB = w.Kind() == '{'
	case "identity":
		return object(w, func(name []byte) error {
			if string(name) == "sourceIp" {
				return lenient(w, &c.IdentitySourceIP)
			}
			return w.Skip()
		})
	case "http":
		return object(w, func(name []byte) error {
			switch string(name) {
			case "method":
				return strict(w, &c.Method)
			case "sourceIp":
				return lenient(w, &c.HTTPSourceIP)
			}
			return w.Skip()
		})
	}
	return w.Skip()
}

func (e *Event) readBody(w *jsonwalk.Walker) error {
	switch w.Kind() {
	case 'n':
		return w.Skip()
	case '"':
		var err error
		e.Body, err = w.Bytes()
		return err
	}
	return errEvent
}

// strict reads a string that must be Unicode. It may be absent or null, but not of another type.
func strict(w *jsonwalk.Walker, field *string) error {
	if kind := w.Kind(); kind != '"' && kind != 'n' {
		return errEvent
	}
	broken := w.Broken()
	if err := lenient(w, field); err != nil || w.Broken() > broken {
		return errEvent
	}
	return nil
}

// lenient reads a string and skips a value of any other type.
func lenient(w *jsonwalk.Walker, field *string) (err error) {
	if w.Kind() != '"' {
		return w.Skip()
	}
	*field, err = w.Text()
	return err
}

func object(w *jsonwalk.Walker, member func(name []byte) error) error {
	if w.Kind() != '{' {
		return w.Skip()
	}
	return w.Object(member)
}

// Pair is a name and a value of an event's query. Bare marks a name without a value.
type Pair struct {
	Name, Value string
	Bare        bool
}

// Pairs is a query, in the order of the event.
type Pairs []Pair

func (p *Pairs) read(w *jsonwalk.Walker) error {
	return readPairs(w, func(name []byte, value string, bare bool) {
		if *p == nil {
			*p = make(Pairs, 0, 8)
		}
		*p = append(*p, Pair{w.Keep(name), value, bare})
	})
}

// readPairs reads an object whose values are strings, lists of strings, numbers, or true for a name
// without a value. Numbers keep their digits. Other values are skipped.
func readPairs(w *jsonwalk.Walker, take func(name []byte, value string, bare bool)) error {
	return object(w, func(name []byte) error {
		if w.Kind() == '[' {
			return w.List(func(int) error { return readPair(w, name, take) })
		}
		return readPair(w, name, take)
	})
}

func readPair(w *jsonwalk.Walker, name []byte, take func(name []byte, value string, bare bool)) error {
	switch w.Kind() {
	case '"':
		value, err := w.Text()
		take(name, value, false)
		return err
	case '0':
		digits, err := w.Number()
		take(name, string(digits), false)
		return err
	case 't':
		take(name, "", true)
	}
	return w.Skip()
}

// Encode returns the pairs as a raw query, for names and values that the platform has decoded.
func (p Pairs) Encode() string { return p.join(url.QueryEscape) }

// Raw returns the pairs as a raw query, for names and values that are still as they were sent.
func (p Pairs) Raw() string { return p.join(func(text string) string { return text }) }

func (p Pairs) join(escape func(string) string) string {
	size := 0
	for _, pair := range p {
		size += len(pair.Name) + len(pair.Value) + len("=&")
	}
	var b strings.Builder
	b.Grow(size)
	for i, pair := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(pair.Name))
		if !pair.Bare {
			b.WriteByte('=')
			b.WriteString(escape(pair.Value))
		}
	}
	return b.String()
}
