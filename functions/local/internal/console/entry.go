package console

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
)

// Bounds of what one entry keeps.
const (
	maxKeptBody = 64 << 10
	maxKeptName = 1 << 10 // of a message or a command
	maxKeptRule = 2 << 10
)

// The fate of a row is its webhook's, as the receiver says it, or that a message was read back.
// These two decide how a row is shown.
const (
	fateAccepted = "accepted"
	fateRepaired = "repaired"
)

// entry is one row of the list: a webhook, or a message that was read back. It never changes once
// it is kept. Versions are text in JSON, because numbers in JavaScript are exact only up to 2^53.
type entry struct {
	ID         uint64    `json:"id"`
	At         time.Time `json:"at"`
	DurationMS float64   `json:"durationMs"`
	Method     string    `json:"method"`
	Command    string    `json:"command"` // "" unless authentic
	Message    string    `json:"message"` // its path; "" when it is not known
	Label      string    `json:"label"`   // the message's name for people
	Operation  string    `json:"operation"`
	Version    int64     `json:"version,string"`
	Latest     int64     `json:"latest,string"`
	Keys       int       `json:"keys"`
	Fate       string    `json:"fate"`
	Reason     string    `json:"reason"`
	Rule       string    `json:"rule"` // the rule that refused the request or made it fail
	Status     int       `json:"status"`
	Changes    []changed `json:"changes"`          // the first ones
	Failed     []string  `json:"failed,omitempty"` // destinations that did not accept the event
	// The answer of the app's own backend, if it was asked.
	Backend *backend `json:"backend,omitempty"`

	advice        string
	destinations  []destination
	told          *told
	keysAndValues string // text that the search looks through

	answer     string // "OK" or "FAIL", as the reply says; "" where the backend's answer is the reply
	reply      string // the ErrorInfo of the reply
	parameters []parameter
	body       []byte // at most maxKeptBody; nil where it was not read
	bodyBytes  int    // as received
}

func fromObservation(o receiver.Observation) *entry {
	e := &entry{
		At: o.At, DurationMS: milliseconds(o.Duration),
		Method: cut(o.Request.Method, 16), Command: cut(o.Command, maxKeptName),
		Fate: o.Fate, Reason: o.Reason, Status: o.Status, reply: cut(o.ErrorInfo, maxKeptRule),
		Backend: fromBackend(o.Backend), destinations: fromOutcomes(o.Outcomes), told: tell(o.Told),
		parameters: describeQuery(o.Request.URL.RawQuery, o.At),
		bodyBytes:  len(o.Body),
	}
	e.answer = said(o)
	e.Rule, e.advice = explain(o.Err)
	for _, d := range e.destinations {
		if !d.Accepted {
			e.Failed = append(e.Failed, d.Name)
		}
	}
	if o.Body != nil {
		e.body = append([]byte{}, o.Body[:min(len(o.Body), maxKeptBody)]...)
	}
	if event := o.Event; event != nil {
		e.setMessage(event.Message)
		e.Operation = event.Operation.String()
		e.Version, e.Latest = event.Version(), event.Latest()
		e.setChanges(event.KeyValues)
	}
	return e
}

// said returns what the reply to Chat says. Every FAIL has an ErrorInfo. The backend's answer is the
// reply if its status is.
func said(o receiver.Observation) string {
	switch {
	case o.Backend != nil && o.Backend.Answer != nil && o.Backend.Answer.Status == o.Status:
		return ""
	case o.ErrorInfo != "":
		return "FAIL"
	}
	return "OK"
}

func fromRepair(message msgext.Message, read msgext.Snapshot, at time.Time) *entry {
	e := &entry{
		At: at, Operation: "read", Version: read.Latest, Latest: read.Latest,
		Fate: fateRepaired, Reason: "truth read back from Chat",
	}
	e.setMessage(message)
	e.setChanges(read.KeyValues)
	return e
}

// setChanges keeps the first key-values for the list, and a bounded text of all for the search.
func (e *entry) setChanges(keyValues []msgext.KeyValue) {
	e.Keys, e.Changes = len(keyValues), []changed{}
	var all strings.Builder
	for _, kv := range keyValues {
		if len(e.Changes) < maxChanged {
			e.Changes = append(e.Changes, changed{cut(kv.Key, maxListText), cut(kv.Value, maxListText)})
		}
		if all.Len() < maxSearched {
			all.WriteString(cut(kv.Key, maxKeptName) + "\n" + cut(kv.Value, maxKeptName) + "\n")
		}
	}
	e.keysAndValues = all.String()
}

// setMessage sets the message, unless its name is longer than any name in Chat.
func (e *entry) setMessage(message msgext.Message) {
	label := message.GroupID + " / " + strconv.FormatInt(message.MsgSeq, 10)
	if !message.IsGroup() {
		label = message.From + " → " + message.To + " / " + message.MsgKey
	}
	e.Label = cut(label, maxKeptName)
	if path := message.Path(); len(path) <= 3*maxKeptName {
		e.Message = path
	}
}

// whole reports whether the complete body was kept, so that it can be sent again.
func (e *entry) whole() bool { return e.body != nil && len(e.body) == e.bodyBytes }

// isProbe reports whether the entry is the empty request with which the Chat console tests a URL.
func (e *entry) isProbe() bool { return e.Fate == fateAccepted && e.Command == "" }

// cut returns text, cut to at most limit bytes and followed by an ellipsis if it was longer.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// isText reports whether a body can be pasted into a shell as text.
func isText(body []byte) bool {
	return bytes.Equal(bytes.ToValidUTF8(body, nil), body) && !bytes.ContainsFunc(body, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' || r == 0x7f
	})
}
