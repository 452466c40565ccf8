package gateway

import (
	"net/http"
	"net/textproto"

	"msgext/internal/jsonwalk"
)

// readHeader reads headers with one or several values. They replace headers that were read before.
func (e *Event) readHeader(w *jsonwalk.Walker) error {
	type line struct{ key, value string }
	var room [16]line // on the stack; enough for most requests
	lines := room[:0]
	err := readPairs(w, func(name []byte, value string, _ bool) {
		lines = append(lines, line{canonical(name), value})
	})
	if err != nil {
		return err
	}
	if e.Header == nil {
		e.Header = make(http.Header, len(lines))
	}
	clear(e.Header)
	values := make([]string, 0, len(lines)) // one array for all lists of one value
	for _, line := range lines {
		if have, ok := e.Header[line.key]; ok {
			e.Header[line.key] = append(have, line.value)
			continue
		}
		values = append(values, line.value)
		e.Header[line.key] = values[len(values)-1 : len(values) : len(values)]
	}
	return nil
}

// canonical returns a header's name as textproto does. It is faster for the names that the
// platforms add to nearly every request: textproto would scan them twice and copy most of them.
func canonical(name []byte) string {
	switch string(name) {
	case "accept":
		return "Accept"
	case "content-length":
		return "Content-Length"
	case "content-type":
		return "Content-Type"
	case "host":
		return "Host"
	case "user-agent":
		return "User-Agent"
	case "x-amzn-trace-id":
		return "X-Amzn-Trace-Id"
	case "x-forwarded-for":
		return "X-Forwarded-For"
	case "x-forwarded-port":
		return "X-Forwarded-Port"
	case "x-forwarded-proto":
		return "X-Forwarded-Proto"
	case "x-scf-remote-addr":
		return "X-Scf-Remote-Addr"
	case "x-scf-request-id":
		return "X-Scf-Request-Id"
	}
	return textproto.CanonicalMIMEHeaderKey(string(name))
}
