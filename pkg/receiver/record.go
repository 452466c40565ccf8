package receiver

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

// record holds what is known of one request, for its log line.
type record struct {
	arrived  time.Time
	received time.Time // arrived, or the later time of signing by Chat's clock; set once authentic
	took     time.Duration
	delivery time.Duration
	cold     bool

	command, appID string           // set once authentic
	message        msgext.Message   // zero if none could be read
	event          *msgext.Event    // nil if there is none
	change         msgext.Event     // what it points to
	effect         effect           // of a body that was refused
	announced      bool             // the store took the announcement
	unannounced    bool             // the store failed to take the announcement
	undoubted      []msgext.Message // of a recall that the store failed to take: one group's, or one
	body           []byte
	reason         string // of an accepted request, unless delivered

	outcomes []sink.Outcome // of the store and the sinks
	room     struct {       // memory for lists, which are short for most requests
		outcomes [3]sink.Outcome
		measured [8]slog.Attr
		times    [3]slog.Attr
	}
	told       *cloudevent.Event // nil if no sink was called
	toldEvent  cloudevent.Event  // what it points to
	markErr    error
	forwardErr error
	noteErr    error    // the store failed to take what the command says about messages
	backend    *Backend // nil if it was not asked
}

// tell sends an event to all sinks.
func (rec *record) tell(ctx context.Context, sinks []sink.Sink, event cloudevent.Event) {
	rec.toldEvent = event
	rec.told = &rec.toldEvent
	rec.ended(sink.SendAll(ctx, sinks, event)...)
}

// ended adds the outcomes of deliveries.
func (rec *record) ended(outcomes ...sink.Outcome) {
	if rec.outcomes == nil {
		rec.outcomes = rec.room.outcomes[:0]
	}
	rec.outcomes = append(rec.outcomes, outcomes...)
}

// failure returns the errors of the destinations that did not accept as one error, nil if all
// accepted.
func (rec *record) failure() error {
	var errs []error
	for _, outcome := range rec.outcomes {
		if err := outcome.Failure(); err != nil {
			errs = append(errs, err)
		}
	}
	if errs == nil {
		return nil
	}
	return errors.Join(append([]error{ErrDelivery}, errs...)...)
}

// failed names the destinations that did not accept.
func (rec *record) failed() (names []string) {
	for _, outcome := range rec.outcomes {
		if outcome.Err != nil {
			names = append(names, outcome.Name)
		}
	}
	return names
}

// times says how long each destination took.
func (rec *record) times() []slog.Attr {
	times := rec.room.times[:0]
	for _, outcome := range rec.outcomes {
		times = append(times, slog.Float64(outcome.Name, milliseconds(outcome.Took)))
	}
	return times
}
