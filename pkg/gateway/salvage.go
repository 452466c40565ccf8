package gateway

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/jsonwalk"
)

// salvage reads what can be read of an event that parse refuses. Each member is read by itself, so
// that a fault in one, such as a body of another type, leaves the others; what stands behind an
// early end is lost.
func salvage(payload []byte) Event {
	var e Event
	d := jsontext.NewDecoder(bytes.NewReader(payload), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() != '{' {
		return e
	}
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() == '"' {
		var token jsontext.Token
		if token, err = d.ReadToken(); err != nil {
			break
		}
		name := token.String()
		var value jsontext.Value
		if value, err = d.ReadValue(); err == nil {
			w := jsonwalk.New(value, maxDepth)
			_ = e.member(&w, []byte(name)) // what it could not read stays zero
		}
	}
	return e
}
