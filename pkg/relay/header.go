package relay

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// HopsHeader counts how often a webhook was passed on. It ends loops of receivers that relay to
// each other.
const HopsHeader = "Msgext-Hops"

// AnsweredHeader marks a reply as the backend's own, for people who test a deployment.
const AnsweredHeader = "Msgext-Answered-By"

// maxHops is how often a webhook may be passed on: one msgext may be behind another, and the
// backend behind both.
const maxHops = 2

// Header is a header that is added to each request to the backend.
type Header struct {
	Name  string
	Value secret.String
}

// ParseHeaders reads headers of the form Name: value, one per line. Its error is ErrHeader, and has
// the line and the rule, never the value.
func ParseHeaders(text string) ([]Header, error) {
	var headers []Header
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, err := outbound.ParseHeader(line)
		h := Header{name, secret.String(value)}
		if err == nil {
			err = h.check()
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		headers = append(headers, h)
	}
	return headers, nil
}

// check refuses invalid headers, and those that the relay or the connection sets.
func (h Header) check() error {
	switch name := textproto.CanonicalMIMEHeaderKey(h.Name); name {
	case contentType, contentEncoding, userAgent, HopsHeader:
		return fmt.Errorf("%w: %s is passed on as it came", ErrHeader, name)
	}
	return outbound.CheckHeader(h.Name, h.Value.Reveal())
}

const (
	contentType     = "Content-Type"
	contentEncoding = "Content-Encoding"
	userAgent       = "User-Agent"
)

// outgoingHeader returns the headers for the backend. They have nothing about the caller and
// nothing that the gateway added.
func (r *Relay) outgoingHeader(incoming http.Header, hops string) http.Header {
	header := make(http.Header, len(r.header)+4)
	for name, values := range r.header {
		header[name] = values
	}
	for _, name := range []string{contentType, contentEncoding, userAgent} {
		if values := incoming[name]; len(values) > 0 {
			header[name] = values
		}
	}
	if len(header[userAgent]) == 0 {
		header[userAgent] = []string{""} // otherwise net/http sends its own
	}
	header[HopsHeader] = []string{hops}
	return header
}

// answerHeader returns the backend's headers that Chat gets with status and body.
func answerHeader(received http.Header) http.Header {
	header := make(http.Header, 2)
	for _, name := range []string{contentType, contentEncoding} {
		if values := received[name]; len(values) > 0 {
			header[name] = values
		}
	}
	return header
}

// nextHop returns the hop count for the next receiver. A count that is not a number ends the loop,
// too. Its error is ErrLoop.
func nextHop(header http.Header) (string, error) {
	values := header[HopsHeader]
	if len(values) == 0 {
		return "1", nil
	}
	hops, err := strconv.ParseUint(values[0], 10, 8)
	if len(values) > 1 || err != nil || hops >= maxHops {
		return "", ErrLoop
	}
	return strconv.FormatUint(hops+1, 10), nil
}
