package gateway

import (
	"net/http"
	"net/textproto"

	"msgext/internal/jsonwalk"
)

// readHeader reads headers of one value or of several in place of those that were read before.
func (e *Event) readHeader(w *jsonwalk.Walker) error {
	var room [16]Pair // off the heap, enough for most requests
	pairs := room[:0]
	if err := readPairs(w, func(pair Pair) { pairs = append(pairs, pair) }); err != nil {
		return err
	}
	if e.Header == nil {
		e.Header = make(http.Header, len(pairs))
	}
	clear(e.Header)
	values := make([]string, 0, len(pairs)) // one array for all the lists of one value
	for _, pair := range pairs {
		key := canonical(pair.Name)
		if have, ok := e.Header[key]; ok {
			e.Header[key] = append(have, pair.Value)
			continue
		}
		values = append(values, pair.Value)
		e.Header[key] = values[len(values)-1 : len(values) : len(values)]
	}
	return nil
}

// canonical returns a header's name as textproto does, which would walk twice over the names that the
// platforms add to nearly every request, and copy most of them.
func canonical(name string) string {
	switch name {
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
	return textproto.CanonicalMIMEHeaderKey(name)
}
