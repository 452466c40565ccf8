package console

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
)

// destination is the outcome of an event at one destination.
type destination struct {
	Name       string  `json:"name"`
	Accepted   bool    `json:"accepted"`
	Tries      int     `json:"tries"`
	DurationMS float64 `json:"durationMs"`
	Error      string  `json:"error"`
}

func fromOutcomes(outcomes []sink.Outcome) []destination {
	said := make([]destination, 0, len(outcomes))
	for _, o := range outcomes {
		d := destination{Name: o.Name, Accepted: o.Err == nil, Tries: o.Tries, DurationMS: milliseconds(o.Took)}
		if o.Err != nil {
			d.Error = cut(strings.ReplaceAll(o.Err.Error(), "\n", "; "), maxKeptRule)
		}
		said = append(said, d)
	}
	return said
}

// backend is the answer of the app's own backend. Status is 0 where it did not answer.
type backend struct {
	Status     int     `json:"status"`
	DurationMS float64 `json:"durationMs"`
	Reply      string  `json:"reply"` // the beginning of it
}

func fromBackend(b *receiver.Backend) *backend {
	if b == nil {
		return nil
	}
	said := &backend{DurationMS: milliseconds(b.Took)}
	if b.Answer != nil {
		said.Status, said.Reply = b.Answer.Status, cut(strings.ToValidUTF8(string(b.Answer.Body), "\ufffd"), maxKeptRule)
	}
	return said
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// told is the event that was sent to the destinations.
type told struct {
	Event   string `json:"event"`   // the CloudEvent, indented
	Headers string `json:"headers"` // one a line, as an https:// destination gets them
}

// tell returns the event for people to read. A signature made with a secret is named but not
// computed, because every try has another one.
func tell(e *cloudevent.Event) *told {
	if e == nil || len(e.JSON()) > maxKeptBody {
		return nil
	}
	var indented strings.Builder
	encoder := json.NewEncoder(&indented)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(json.RawMessage(e.JSON())); err != nil {
		return nil
	}
	sum := sha256.Sum256([]byte(e.ID()))
	return &told{strings.TrimSpace(indented.String()), strings.Join([]string{
		"Content-Type: " + cloudevent.ContentType,
		"Webhook-Id: " + hex.EncodeToString(sum[:]),
		"Webhook-Timestamp: (the second of the try)",
		"Webhook-Signature: (made with MSGEXT_HTTP_SECRET)",
	}, "\n")}
}
