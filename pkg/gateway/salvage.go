package gateway

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/jsonwalk"
)

// salvage reads as much as it can of an event that parse refuses. Each member is read separately,
// so that a fault in one, such as a body of another type, does not affect the others. If the event
// ends early, the members after that point are lost.
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
			_ = e.member(&w, []byte(name)) // a field that it cannot read stays zero
		}
	}
	return e
}
