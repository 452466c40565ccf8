package sample

import (
	"bytes"
	"strconv"
	"time"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// The app and the token with which the events of testdata/events are signed. They are the pair that
// the vendor publishes (trtc.io/document/34354).
const (
	PublishedToken = secret.String("xxxxyyyy")
	publishedTime  = "1669872112"
)

// Events returns all events of a cloud, aws or scf, by name.
func Events(cloud string) []Event {
	var events []Event
	for name, content := range files("events/" + cloud) {
		events = append(events, Event{name, content})
	}
	return events
}

// Resigned returns an event of testdata/events as if Chat had signed it at another moment.
func (e Event) Resigned(at time.Time) Event {
	seconds := strconv.FormatInt(at.Unix(), 10)
	payload := bytes.ReplaceAll(e.Payload, []byte(webhook.Sign(PublishedToken, publishedTime)), []byte(webhook.Sign(PublishedToken, seconds)))
	return Event{e.Shape, bytes.ReplaceAll(payload, []byte(publishedTime), []byte(seconds))}
}
