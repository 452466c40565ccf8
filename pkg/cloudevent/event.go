// Package cloudevent converts a change into a CloudEvents 1.0 event, the envelope in which every
// sink delivers it, and back. Attributes and extensions are those of docs/design.md, section 6.
//
// Source: CloudEvents 1.0.2 and its JSON format and Sequence and Partitioning extensions
// (github.com/cloudevents/spec, read 2026-11-24). Tests compare what this package writes and reads
// with the CloudEvents SDK for Go.
//
// It is for consumers that read our events, and for sinks that send them. Its API is v0: it may
// change with any release.
package cloudevent

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"msgext/pkg/msgext"
)

// ContentType is the content type of an event's JSON: one event in structured mode.
const ContentType = "application/cloudevents+json; charset=utf-8"

// Event is one CloudEvents 1.0 event. It is encoded once. All sinks share it and only read it.
type Event struct {
	attributes attributes
	data       []byte
	json       []byte
}

// ID returns the event's id. The event of a redelivered webhook has the same id. Another body under
// the same version has another id.
func (e Event) ID() string { return e.attributes.id }

// Type returns the event's type, such as com.tencent.chat.group.msgextension.set.
func (e Event) Type() string { return e.attributes.eventType }

// Source returns the event's source, such as /chat/1400000000/groups/test.
func (e Event) Source() string { return e.attributes.source }

// Time returns when Chat says the change happened, zero if Chat does not say.
func (e Event) Time() time.Time { return e.attributes.time }

// PartitionKey returns the partitionkey extension. It is the same for all events of a message and
// differs from any other message's, so it can serve as the message's id. It is opaque: compare it,
// do not parse it.
func (e Event) PartitionKey() string { return e.attributes.extension(keyAttribute) }

// Sequence returns the sequence extension, the version in twenty digits, "" if there is none.
func (e Event) Sequence() string { return e.attributes.extension(sequenceAttribute) }

// ReceivedMillis returns the received extension of a change in Unix milliseconds: when msgext
// received its webhook. It is no earlier than the moment at which Chat signed it. A redelivery has
// its own. A read decides everything that was received before its DecidedBefore. The result is 0 if
// the extension is absent, as in events of earlier releases, which any read decides.
func (e Event) ReceivedMillis() int64 {
	millis, err := strconv.ParseInt(e.attributes.extension(receivedAttribute), 10, 64)
	if err != nil {
		return 0
	}
	return millis
}

// Data returns the event's data: a webhook's body, or a snapshot. It must not be changed.
func (e Event) Data() []byte { return e.data }

// JSON returns the event in the structured JSON format. It must not be changed.
func (e Event) JSON() []byte { return e.json }

// IsRepaired reports whether the event carries the truth as read from Chat.
func (e Event) IsRepaired() bool {
	return e.Type() == groupPrefix+repairedType || e.Type() == c2cPrefix+repairedType
}

// IsGone reports whether the event says that Chat no longer has its message.
func (e Event) IsGone() bool {
	return e.Type() == groupPrefix+goneType || e.Type() == c2cPrefix+goneType
}

// Marker returns a repaired event without its list, for a destination that refuses the full event
// as too large. CompleteFlag 0 and an empty ExtensionList tell the consumer to read the message.
// The marker has the same id, because it stands for the same read. The result is false for every
// other event, which is useless without its data.
func (e Event) Marker() (Event, bool) {
	if !e.IsRepaired() {
		return Event{}, false
	}
	var truth Truth
	if err := json.Unmarshal(e.data, &truth); err != nil {
		return Event{}, false
	}
	truth.CompleteFlag, truth.ExtensionList = 0, []msgext.KeyValue{}
	data, err := json.Marshal(truth)
	if err != nil {
		return Event{}, false
	}
	attributes := e.attributes
	attributes.contentType = jsonType
	return build(attributes, data), true
}

// attributeBytes is buffer space for the attributes, so that encoding seldom has to grow the
// buffer.
const attributeBytes = 640

// build encodes an event. data must be compact JSON. It is copied.
func build(a attributes, data []byte) Event {
	b := append(a.appendJSON(make([]byte, 0, len(data)+attributeBytes)), `,"data":`...)
	from := len(b)
	b = append(b, data...)
	to := len(b)
	b = append(a.appendExtensions(b), '}')
	return Event{attributes: a, data: b[from:to:to], json: b}
}

// buildBinary encodes an event whose data is not JSON.
func buildBinary(a attributes, data []byte) Event {
	b := a.appendJSON(make([]byte, 0, base64.StdEncoding.EncodedLen(len(data))+attributeBytes))
	b = append(base64.StdEncoding.AppendEncode(append(b, `,"data_base64":"`...), data), '"')
	return Event{attributes: a, data: data, json: append(a.appendExtensions(b), '}')}
}
