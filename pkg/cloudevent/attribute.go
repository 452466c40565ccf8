package cloudevent

import (
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"msgext/internal/jsonquote"
)

// specVersion is that of the specification.
const specVersion = "1.0"

// attributes are the attributes of an event. An absent one is empty.
type attributes struct {
	id, source, eventType, subject, contentType, schema string

	time       time.Time
	extensions []extension
}

// extension is an attribute that the specification does not name.
type extension struct {
	name, text string
	bare       bool // a number or a boolean, which JSON writes without quotes
}

// named are the attributes of the specification. They may not be numbers or booleans.
var named = []string{"specversion", "id", "source", "type", "subject", "datacontenttype", "dataschema", "time"}

// extension returns the text of the named extension.
func (a *attributes) extension(name string) string {
	for _, e := range a.extensions {
		if e.name == name && !e.bare {
			return e.text
		}
	}
	return ""
}

// set sets an attribute from its text. Space around a text that is not a URI is removed.
func (a *attributes) set(name, text string) (err error) {
	trimmed := strings.TrimSpace(text)
	switch name {
	case "id":
		a.id = trimmed
	case "type":
		a.eventType = trimmed
	case "subject":
		a.subject = trimmed
	case "datacontenttype":
		a.contentType = trimmed
	case "source":
		a.source, err = reference(text)
	case "dataschema":
		a.schema, err = reference(trimmed)
	case "time":
		a.time, err = time.Parse(time.RFC3339Nano, text)
	default:
		err = a.extend(extension{name: name, text: text})
	}
	return err
}

// reference returns a URI reference in its normal form.
func reference(text string) (string, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	return parsed.String(), nil
}

// extend adds an extension, sorted by name. A name has only lower-case letters and digits and is
// not an attribute of the specification.
func (a *attributes) extend(e extension) error {
	for i := range len(e.name) {
		if c := e.name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ErrFormat
		}
	}
	if e.name == "" || slices.Contains(named, e.name) {
		return ErrFormat
	}
	at, _ := slices.BinarySearchFunc(a.extensions, e.name, func(other extension, name string) int { return strings.Compare(other.name, name) })
	a.extensions = slices.Insert(a.extensions, at, e)
	return nil
}

// check checks the attributes against the specification: id, source and type are not empty,
// datacontenttype is a media type, dataschema is an absolute URI.
func (a *attributes) check() error {
	if a.id == "" || strings.TrimSpace(a.source) == "" || a.eventType == "" {
		return ErrFormat
	}
	if a.contentType != "" {
		if _, _, err := mime.ParseMediaType(a.contentType); err != nil {
			return err
		}
	}
	if a.schema != "" {
		if parsed, err := url.Parse(a.schema); err != nil || !parsed.IsAbs() {
			return ErrFormat
		}
	}
	return nil
}

// mediaType returns the media type of data, without parameters.
func (a *attributes) mediaType() string {
	mediaType, _, _ := strings.Cut(a.contentType, ";")
	return strings.TrimSpace(mediaType)
}

// appendJSON appends the beginning of an object, with the attributes of the specification.
func (a *attributes) appendJSON(b []byte) []byte {
	b = append(b, `{"specversion":"`+specVersion+`","id":`...)
	b = jsonquote.Append(b, a.id)
	for _, attribute := range [...]struct{ member, text string }{
		{`,"source":`, a.source}, {`,"type":`, a.eventType}, {`,"subject":`, a.subject},
		{`,"datacontenttype":`, a.contentType}, {`,"dataschema":`, a.schema},
	} {
		if attribute.text != "" {
			b = jsonquote.Append(append(b, attribute.member...), attribute.text)
		}
	}
	if !a.time.IsZero() {
		b = append(a.time.UTC().AppendFormat(append(b, `,"time":"`...), time.RFC3339Nano), '"')
	}
	return b
}

// appendExtensions appends the extensions as members, sorted by name.
func (a *attributes) appendExtensions(b []byte) []byte {
	for _, e := range a.extensions {
		b = append(append(append(b, `,"`...), e.name...), `":`...)
		if e.bare {
			b = append(b, e.text...)
			continue
		}
		b = jsonquote.Append(b, e.text)
	}
	return b
}
