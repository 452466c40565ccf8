package cloudevent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

// Errors of Decode, Change and Truth.
var (
	ErrFormat = errors.New("cloudevent: not a CloudEvents 1.0 event in the structured JSON format")
	ErrKind   = errors.New("cloudevent: an event of another kind")
)

// Decode reads an event in the structured JSON format, strictly: UTF-8, no name twice, nothing
// after it. The event keeps encoded, so the caller must not change encoded afterwards. Its error is
// ErrFormat.
//
// It does not use the SDK's reader (v2.16.2), which accepts repeated names, refuses numbers beyond
// a float64, and panics on a data_base64 that is not a string.
func Decode(encoded []byte) (Event, error) {
	d := decoding{}
	if err := d.object(encoded); err != nil {
		return Event{}, ErrFormat // the cause would quote the content
	}
	if d.version != specVersion || d.attributes.check() != nil {
		return Event{}, ErrFormat
	}
	data, err := d.payload()
	if err != nil {
		return Event{}, ErrFormat
	}
	return Event{attributes: d.attributes, data: data, json: encoded}, nil
}

// Change returns the change that the event is about. Its errors are ErrKind for an event of another
// kind, ErrFormat if data is about another message than the event, and msgext.ErrFormat.
func (e Event) Change() (msgext.Event, error) {
	message, err := e.message()
	if err != nil || e.IsRepaired() || e.IsGone() {
		return msgext.Event{}, ErrKind
	}
	change, err := msgext.Decode(message.SDKAppID, msgext.Event{Message: message}.Command(), e.data)
	if err != nil {
		return msgext.Event{}, fmt.Errorf("cloudevent: data: %w", err)
	}
	if change.Message != message {
		return msgext.Event{}, fmt.Errorf("%w: data is about another message", ErrFormat)
	}
	return change, nil
}

// Truth returns the message that a repaired or gone event is about, and its extensions as Chat has
// them. A gone message has none. If CompleteFlag is 0, the list was too long for the destination
// and must be read. Its errors are ErrKind for an event of another kind, and ErrFormat for data of
// another shape or about another message than the event.
func (e Event) Truth() (msgext.Message, Truth, error) {
	message, err := e.message()
	if err != nil || !e.IsRepaired() && !e.IsGone() {
		return msgext.Message{}, Truth{}, ErrKind
	}
	var truth Truth
	if e.IsGone() {
		truth.ReadReply = msgext.NewReadReply(0, 0, nil)
	}
	if err := json.Unmarshal(e.data, &truth); err != nil {
		return msgext.Message{}, Truth{}, fmt.Errorf("%w: data", ErrFormat)
	}
	if truth.Address == (msgext.Address{}) {
		truth.Address = message.Address() // from a release whose data named no message
	}
	if named, err := truth.Message(message.SDKAppID); err != nil || named != message {
		return msgext.Message{}, Truth{}, fmt.Errorf("%w: data is about another message", ErrFormat)
	}
	return message, truth, nil
}

// message returns the message that the event is about.
func (e Event) message() (msgext.Message, error) {
	message, err := msgext.ParsePath(e.PartitionKey())
	if err != nil {
		return msgext.Message{}, ErrKind
	}
	switch strings.TrimPrefix(e.Type(), typePrefixOf(message)) {
	case setType, deletedType, clearedType, repairedType, goneType:
		return message, nil
	}
	return msgext.Message{}, ErrKind
}

// decoding collects the members of an event.
type decoding struct {
	version      string
	attributes   attributes
	data, binary jsontext.Value // nil if absent
}

func (d *decoding) object(encoded []byte) error {
	reader := jsontext.NewDecoder(bytes.NewReader(encoded))
	if begin, err := reader.ReadToken(); err != nil || begin.Kind() != '{' {
		return ErrFormat
	}
	for reader.PeekKind() != '}' {
		name, err := reader.ReadToken()
		if err != nil {
			return err
		}
		member := name.String() // before the next read overwrites its bytes
		value, err := reader.ReadValue()
		if err != nil {
			return err
		}
		if err := d.member(member, value); err != nil {
			return err
		}
	}
	if _, err := reader.ReadToken(); err != nil {
		return err
	}
	if _, err := reader.ReadToken(); err != io.EOF {
		return ErrFormat
	}
	return nil
}

// member reads one member. Except for data, null means absent (JSON format 1.0.2, section 2.2).
func (d *decoding) member(name string, value jsontext.Value) error {
	switch {
	case name == "data":
		d.data = value.Clone()
		return nil
	case value.Kind() == 'n':
		return nil
	case name == "data_base64":
		d.binary = value.Clone()
		return nil
	case strings.ToLower(name) != name:
		return ErrFormat
	}
	if value.Kind() != '"' {
		return d.extension(name, value)
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return err
	}
	return d.attribute(name, string(text))
}

func (d *decoding) attribute(name, text string) error {
	if name == "specversion" {
		d.version = text
		return nil
	}
	return d.attributes.set(name, text)
}

// extension reads an attribute that is a number or a boolean, which only an extension may be.
func (d *decoding) extension(name string, value jsontext.Value) error {
	switch value.Kind() {
	case 't', 'f':
		return d.attributes.extend(extension{name, value.String(), true})
	case '0': // an integer has 32 bits
		if _, err := strconv.ParseInt(value.String(), 10, 32); err != nil {
			return err
		}
		return d.attributes.extend(extension{name, value.String(), true})
	}
	return ErrFormat
}

// payload returns the data: JSON as it is, a text, or bytes (JSON format 1.0.2, section 3.1).
func (d *decoding) payload() ([]byte, error) {
	switch {
	case d.binary != nil:
		if d.data != nil {
			return nil, ErrFormat
		}
		text, err := jsontext.AppendUnquote(nil, d.binary)
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(string(text))
	case d.data == nil || isJSON(d.attributes.mediaType()):
		return d.data, nil
	}
	return jsontext.AppendUnquote(nil, d.data)
}

// isJSON reports whether a media type says that data is JSON. Data without a media type is JSON,
// too.
func isJSON(mediaType string) bool {
	return mediaType == "" || strings.HasSuffix(mediaType, "/json") || strings.HasSuffix(mediaType, "+json")
}
