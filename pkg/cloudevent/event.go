// Package cloudevent turns a change into a CloudEvents 1.0 event and back.
package cloudevent

import (
	"time"

	"msgext/pkg/msgext"
)

// Event is one CloudEvents 1.0 event, encoded once and then shared, read-only, by every
// sink.
type Event struct {
	id, source, kind, subject, sequence, partitionKey string
	time                                              time.Time
	json                                              []byte
}

// ID returns the event's id: a redelivered webhook's event has the same one.
func (e Event) ID() string { return e.id }

// Type returns the event's type, such as com.tencent.chat.group.msgextension.set.
func (e Event) Type() string { return e.kind }

// Source returns the event's source.
func (e Event) Source() string { return e.source }

// PartitionKey returns the partitionkey extension: one per message, so that order per message can be kept.
func (e Event) PartitionKey() string { return e.partitionKey }

// JSON returns the event in the structured JSON format. It must not be changed.
func (e Event) JSON() []byte { return e.json }

// New returns the event of a change.
func New(event msgext.Event) (Event, error) { panic("not built") }
