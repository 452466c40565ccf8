package sample

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// What the events of testdata/events are signed with: the pair that the vendor publishes
// (trtc.io/document/34354).
const (
	PublishedToken = secret.String("xxxxyyyy")
	publishedTime  = "1669872112"
)

// Events reads all events of a folder below testdata/events, by name. It fails where there are none.
func Events(folder string) ([]Event, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no events in %s", folder)
	}
	events := make([]Event, len(files))
	for i, file := range files {
		events[i].Shape = strings.TrimSuffix(filepath.Base(file), ".json")
		if events[i].Payload, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// Resigned returns an event of testdata/events as it would be had Chat signed it at another moment.
func (e Event) Resigned(at time.Time) Event {
	seconds := strconv.FormatInt(at.Unix(), 10)
	payload := bytes.ReplaceAll(e.Payload, []byte(webhook.Sign(PublishedToken, publishedTime)), []byte(webhook.Sign(PublishedToken, seconds)))
	return Event{e.Shape, bytes.ReplaceAll(payload, []byte(publishedTime), []byte(seconds))}
}
