package receiver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/msgext"
)

// message is the text of every line.
const message = "webhook"

// Keys of the line, in addition to the message's. Tokens, signatures, values, bodies, addresses and
// URLs are never logged.
const (
	keyRequestID = "request_id"
	keyInvoked   = "invocation_id" // the platform's, if the gateway has its own id
	keyCommand   = "command"
	keyAppID     = "app_id"
	keyOperation = "op"
	keyVersion   = "version"
	keyFate      = "fate"
	keyReason    = "reason"
	keyDuration  = "duration_ms"
	keyTook      = "took_ms" // per destination, until it answered or its time was up
	keyCold      = "cold"
	keyStart     = "start_ms"   // how long the process had run when its first request came
	keyOverLimit = "over_limit" // key-values longer than the vendor documents
	keyEffect    = "effect"     // what happens to the change that a refused body reports
	keyTolerated = "tolerated"  // violations that were tolerated, by field and rule
	keyFailed    = "failed"     // destinations that did not accept
	keyError     = "error"
	keyStack     = "stack"
	keyMark      = "mark_error" // everything accepted the event, but it was not marked as seen
	keyRelay     = "relay"      // the backend's status, if it answered, and its time
	keyStatus    = "status"
	keyAnnounced = "announced"    // false when the store did not take an announced message
	keyDoubted   = "doubted"      // false when the store did not take a recall
	keyGroup     = "group_id"     // of the recalled messages
	keyMsgSeqs   = "msg_seqs"     // likewise
	keyFrom      = "from_account" // only where a replay needs it: personal data
	keyTo        = "to_account"
)

// Reasons of accepted requests.
const (
	reasonDelivered     = "delivered"
	reasonProbe         = "probe"
	reasonOther         = "other command"
	reasonForwardFailed = "other command, not forwarded"
	reasonRelayed       = "relayed"
)

// maxErrorBytes bounds the text of an error in a line.
const maxErrorBytes = 2048

// finish writes the request's line and shows it to the observer.
func (rc *Receiver) finish(r *http.Request, rec *record, rule rule, err error) {
	now := rc.options.Now()
	rec.took = now.Sub(rec.arrived)
	if rule.fate == accepted && rec.reason != "" {
		rule.reason = rec.reason
	}
	level := rule.fate.level()
	if rec.noteErr != nil {
		level = max(level, slog.LevelWarn)
	}
	if rc.options.Logger.Enabled(r.Context(), level) && !(anonymous(rec, rule) && rc.refusals.LeaveOut(rule.refusal(), rec.arrived)) {
		var room [24]slog.Attr // on the stack, to save an allocation
		rc.logCounted(r.Context(), now)
		rc.options.Logger.LogAttrs(r.Context(), level, message,
			rec.appendAttrs(r.Context(), room[:0], rc.options, rule, err, now)...)
	}
	if rc.options.Observe != nil {
		rc.options.Observe(rec.observation(r, rule, err))
	}
}

// appendAttrs appends the attributes of the line.
func (rec *record) appendAttrs(ctx context.Context, attrs []slog.Attr, options Options, rule rule, err error, now time.Time) []slog.Attr {
	requestID := options.RequestID(ctx)
	if requestID != "" {
		attrs = append(attrs, slog.String(keyRequestID, requestID))
	}
	if id := options.InvocationID(ctx); id != "" && id != requestID {
		attrs = append(attrs, slog.String(keyInvoked, id))
	}
	attrs = rec.appendSubject(attrs, rule)
	attrs = append(attrs,
		slog.String(keyFate, string(rule.fate)),
		slog.String(keyReason, rule.reason),
		slog.Float64(keyDuration, milliseconds(rec.took)),
		slog.Bool(keyCold, rec.cold))
	if rec.cold && !options.Started.IsZero() {
		attrs = append(attrs, slog.Float64(keyStart, milliseconds(rec.arrived.Sub(options.Started))))
	}
	if len(rec.outcomes) > 0 {
		attrs = append(attrs, slog.Attr{Key: keyTook, Value: slog.GroupValue(rec.times()...)})
	}
	attrs = rec.appendTrouble(attrs, err)
	if options.Metrics != nil {
		attrs = append(attrs, options.Metrics(now, rec.measurements(rule), rule.refusal())...)
	}
	return attrs
}

// appendSubject appends what the request is about.
func (rec *record) appendSubject(attrs []slog.Attr, rule rule) []slog.Attr {
	if rec.command != "" {
		attrs = append(attrs, slog.String(keyCommand, msgext.Loggable(rec.command)), slog.String(keyAppID, rec.appID))
	}
	if m := rec.message; m != (msgext.Message{}) {
		attrs = m.AppendLogAttrs(attrs)
		if rule.fate == deferred || rec.effect == lost || rec.unannounced {
			attrs = appendAccounts(attrs, m)
		}
	}
	if rec.unannounced {
		attrs = append(attrs, slog.Bool(keyAnnounced, false))
	}
	if len(rec.undoubted) > 0 {
		attrs = append(appendRecalled(attrs, rec.undoubted), slog.Bool(keyDoubted, false))
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
	return attrs
}

// appendTrouble appends what went wrong, and what the backend answered.
func (rec *record) appendTrouble(attrs []slog.Attr, err error) []slog.Attr {
	if rec.effect != "" {
		attrs = append(attrs, slog.String(keyEffect, string(rec.effect)))
	}
	if failed := rec.failed(); len(failed) > 0 {
		attrs = append(attrs, slog.Any(keyFailed, failed))
	}
	if cause := errors.Join(err, rec.forwardErr, rec.noteErr); cause != nil {
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
	return attrs
}

// appendAccounts appends the accounts of a one-to-one message, for a line that may be the only
// trace of the message: a replay needs them.
func appendAccounts(attrs []slog.Attr, m msgext.Message) []slog.Attr {
	if m.IsGroup() {
		return attrs
	}
	return append(attrs, slog.String(keyFrom, msgext.Loggable(m.From)), slog.String(keyTo, msgext.Loggable(m.To)))
}

// appendRecalled appends what names the messages of a recall: a group and its MsgSeqs, or the one
// one-to-one message.
func appendRecalled(attrs []slog.Attr, messages []msgext.Message) []slog.Attr {
	first := messages[0]
	if !first.IsGroup() {
		return appendAccounts(first.AppendLogAttrs(attrs), first)
	}
	seqs := make([]int64, len(messages))
	for i, m := range messages {
		seqs[i] = m.MsgSeq
	}
	return append(attrs, slog.String(keyGroup, msgext.Loggable(first.GroupID)), slog.Any(keyMsgSeqs, seqs))
}

// texts returns the texts of faults: field and rule, never content.
func texts(faults []msgext.FieldError) []string {
	all := make([]string, len(faults))
	for i, fault := range faults {
		all[i] = fault.Error()
	}
	return all
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bounded returns an error's text on one line, cut to maxErrorBytes.
func bounded(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > maxErrorBytes {
		text = strings.ToValidUTF8(text[:maxErrorBytes], "") + "..."
	}
	return text
}
