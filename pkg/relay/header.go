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

// HopsHeader counts how often a webhook was passed on. It ends a circle of receivers that relay to
// each other.
const HopsHeader = "Msgext-Hops"

// AnsweredHeader stands on a reply that is the backend's own, for whoever tries a deployment out.
const AnsweredHeader = "Msgext-Answered-By"

// maxHops is how often a webhook may be passed on: one msgext may stand behind another, and the
// backend behind both.
const maxHops = 2

// Header is one that each request to the backend gets.
type Header struct {
	Name  string
	Value secret.String
}

// ParseHeaders reads headers of the form Name: value, one a line. Its error is ErrHeader and names
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

// check refuses what is no header, and those that the relay or the connection sets.
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

// outgoingHeader returns what the backend is told: nothing of who called, and nothing that the
// gateway added.
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
		header[userAgent] = []string{""} // or net/http sends one of its own
	}
	header[HopsHeader] = []string{hops}
	return header
}

// answerHeader returns what Chat is told of an answer beside status and body.
func answerHeader(received http.Header) http.Header {
	header := make(http.Header, 2)
	for _, name := range []string{contentType, contentEncoding} {
		if values := received[name]; len(values) > 0 {
			header[name] = values
		}
	}
	return header
}

// nextHop returns what the next receiver is told. A count that is none ends the circle, too. Its
// error is ErrLoop.
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
