package receiver

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
)

// message is the text of every line.
const message = "webhook"

// Keys of the line, beside those of the message. Tokens, Sign, values, bodies, addresses and URLs
// have none.
const (
	keyRequestID = "request_id"
	keyInvoked   = "invocation_id" // the platform's, where the gateway has one of its own
	keyCommand   = "command"
	keyAppID     = "app_id"
	keyOperation = "op"
	keyVersion   = "version"
	keyFate      = "fate"
	keyReason    = "reason"
	keyDuration  = "duration_ms"
	keyTook      = "took_ms" // of each destination, until it answered or was given up
	keyCold      = "cold"
	keyStart     = "start_ms"   // how long the process had run when its first request came
	keyOverLimit = "over_limit" // key-values longer than the vendor documents
	keyEffect    = "effect"     // what becomes of the change that a refused body tells of
	keyTolerated = "tolerated"  // what broke a rule without harm, by field and rule
	keyFailed    = "failed"     // destinations that did not accept
	keyError     = "error"
	keyStack     = "stack"
	keyMark      = "mark_error" // everything was accepted, but not marked as seen
	keyRelay     = "relay"      // the backend's status, if it answered, and its time
	keyStatus    = "status"
	keyAnnounced = "announced"    // false of a message that was announced, but the store did not take it
	keyFrom      = "from_account" // of a one-to-one message alone that a replay is to name: accounts are personal data
	keyTo        = "to_account"
)

// Reasons of what was accepted.
const (
	reasonDelivered     = "delivered"
	reasonProbe         = "probe"
	reasonOther         = "other command"
	reasonForwardFailed = "other command, not forwarded"
	reasonRelayed       = "relayed"
)

// maxErrorBytes bounds the text of an error in a line.
const maxErrorBytes = 2048

// record gathers what the line of one request says.
type record struct {
	arrived  time.Time
	received time.Time // arrived, or the moment of signing where our clock is behind Chat's; set once authentic
	took     time.Duration
	delivery time.Duration
	cold     bool

	command, appID string         // set once authentic
	message        msgext.Message // zero where none could be read
	event          *msgext.Event  // nil where there is none
	change         msgext.Event   // what it points to
	effect         effect         // of a body that was refused
	announced      bool           // the message is known from now on
	unannounced    bool           // the message was announced, but the store did not take it
	body           []byte
	reason         string // of what was accepted, when not delivered

	outcomes []sink.Outcome // of the store and the sinks
	room     struct {       // of lists that are short for most requests
		outcomes [3]sink.Outcome
		measured [8]slog.Attr
		times    [3]slog.Attr
	}
	told       *cloudevent.Event // nil where no sink was
	toldEvent  cloudevent.Event  // what it points to
	markErr    error
	forwardErr error
	backend    *Backend // nil where it was not asked
}

// tell tells all sinks.
func (rec *record) tell(ctx context.Context, sinks []sink.Sink, event cloudevent.Event) {
	rec.toldEvent = event
	rec.told = &rec.toldEvent
	rec.ended(sink.SendAll(ctx, sinks, event)...)
}

// ended notes what became of deliveries.
func (rec *record) ended(outcomes ...sink.Outcome) {
	if rec.outcomes == nil {
		rec.outcomes = rec.room.outcomes[:0]
	}
	rec.outcomes = append(rec.outcomes, outcomes...)
}

// failure returns what the destinations did not accept as one error, nil where all of them did.
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

// appendAttrs appends what the line says.
func (rec *record) appendAttrs(ctx context.Context, attrs []slog.Attr, options Options, verdict rule, err error, now time.Time) []slog.Attr {
	requestID := options.RequestID(ctx)
	if requestID != "" {
		attrs = append(attrs, slog.String(keyRequestID, requestID))
	}
	if id := options.InvocationID(ctx); id != "" && id != requestID {
		attrs = append(attrs, slog.String(keyInvoked, id))
	}
	if rec.command != "" {
		attrs = append(attrs, slog.String(keyCommand, msgext.Loggable(rec.command)), slog.String(keyAppID, rec.appID))
	}
	if m := rec.message; m != (msgext.Message{}) {
		attrs = m.AppendLogAttrs(attrs)
		if !m.IsGroup() && (verdict.fate == deferred || rec.effect == lost || rec.unannounced) {
			// The line may be all that is left of the message, and is what a replay goes by.
			attrs = append(attrs, slog.String(keyFrom, msgext.Loggable(m.From)), slog.String(keyTo, msgext.Loggable(m.To)))
		}
	}
	if rec.unannounced {
		attrs = append(attrs, slog.Bool(keyAnnounced, false))
	}
	if event := rec.event; event != nil {
		attrs = append(attrs, slog.String(keyOperation, event.Operation.String()), slog.Int64(keyVersion, event.Version()))
		if n := event.OverLimit(); n > 0 {
			attrs = append(attrs, slog.Int(keyOverLimit, n))
		}
		if len(event.Tolerated) > 0 {
			attrs = append(attrs, slog.Any(keyTolerated, texts(event.Tolerated)))
		}
	}
	attrs = append(attrs,
		slog.String(keyFate, string(verdict.fate)),
		slog.String(keyReason, verdict.reason),
		slog.Float64(keyDuration, milliseconds(rec.took)),
		slog.Bool(keyCold, rec.cold))
	if rec.cold && !options.Started.IsZero() {
		attrs = append(attrs, slog.Float64(keyStart, milliseconds(rec.arrived.Sub(options.Started))))
	}
	if len(rec.outcomes) > 0 {
		attrs = append(attrs, slog.Attr{Key: keyTook, Value: slog.GroupValue(rec.times()...)})
	}
	if rec.effect != "" {
		attrs = append(attrs, slog.String(keyEffect, string(rec.effect)))
	}
	if failed := rec.failed(); len(failed) > 0 {
		attrs = append(attrs, slog.Any(keyFailed, failed))
	}
	if cause := errors.Join(err, rec.forwardErr); cause != nil {
		attrs = append(attrs, slog.String(keyError, bounded(cause)))
		if panicked, ok := errors.AsType[*guard.PanicError](cause); ok {
			attrs = append(attrs, slog.String(keyStack, string(panicked.Stack)))
		}
	}
	if rec.backend != nil {
		attrs = append(attrs, rec.backend.attr())
	}
	if rec.markErr != nil {
		attrs = append(attrs, slog.String(keyMark, bounded(rec.markErr)))
	}
	if options.Metrics != nil {
		attrs = append(attrs, options.Metrics(now, rec.measurements(verdict), verdict.refusal())...)
	}
	return attrs
}

// texts are those of faults: field and rule, never content.
func texts(faults []msgext.FieldError) []string {
	all := make([]string, len(faults))
	for i, fault := range faults {
		all[i] = fault.Error()
	}
	return all
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bounded returns an error's text on one line of bounded length.
func bounded(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > maxErrorBytes {
		text = strings.ToValidUTF8(text[:maxErrorBytes], "") + "..."
	}
	return text
}
