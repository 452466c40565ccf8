package receiver

import (
	"errors"
	"net/http"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/relay"
	"msgext/pkg/sink"
)

// Observation is one request as the local console shows it.
type Observation struct {
	At        time.Time
	Duration  time.Duration
	Request   *http.Request
	Body      []byte // nil where the body was not read
	Command   string // "" unless authentic
	Event     *msgext.Event
	Fate      string // "accepted", "rejected", "deferred" or "unanswered"
	Reason    string
	Err       error // internal error, not part of the reply
	Status    int
	ErrorInfo string

	// Backend is the backend's answer to the request, nil if the backend was not asked.
	Backend *Backend

	// Outcomes has one entry for each destination that was called, the store first. Told is the
	// event that the sinks got, nil if there was none.
	Outcomes []sink.Outcome
	Told     *cloudevent.Event
}

// Backend is how the app's own backend answered a command.
type Backend struct {
	Took   time.Duration
	Answer *relay.Answer // nil if there was none
}

// observation returns what is known of a request once it is judged.
func (rec *record) observation(r *http.Request, rule rule, err error) Observation {
	return Observation{
		At: rec.arrived, Duration: rec.took, Request: r, Body: rec.body,
		Command: rec.command, Event: rec.event,
		Fate: string(rule.fate), Reason: rule.reason, Err: errors.Join(err, rec.forwardErr, rec.noteErr),
		Status: rule.status, ErrorInfo: rule.reply(err).ErrorInfo,
		Backend: rec.backend, Outcomes: rec.outcomes, Told: rec.told,
	}
}
