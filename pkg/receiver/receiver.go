// Package receiver is the core that every entrypoint shares: an http.Handler that
// authenticates a webhook, decodes it, delivers it to everything configured within a
// budget, and replies. It keeps no state of its own but a count, and writes one log line a request.
//
//	platform event -> gateway -> receiver -> webhook (authenticate) -> msgext (decode)
//	                                      -> sinks and store -> reply
//
// It is for programs that take webhooks in a process or function of their own. Its API is v0:
// it may change with any release.
package receiver

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/relay"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// Defaults of Options.
const (
	DefaultMaxBodyBytes = 1 << 20
	DefaultBudget       = 1500 * time.Millisecond
)

// Options configure a Receiver. Verifier must be set; the zero value of everything else is useful.
type Options struct {
	// Verifier decides who may call.
	Verifier webhook.Verifier

	// Path is the only path that takes webhooks; any when empty. How long a request takes says
	// nothing of it but its length.
	Path string

	// AllowFrom are the addresses that webhooks are taken from; any when empty. A request's is its
	// RemoteAddr, with a port or without. IPv4 stands as such, not mapped into IPv6.
	AllowFrom []netip.Prefix

	// MaxBodyBytes caps the body of our commands; DefaultMaxBodyBytes when zero.
	MaxBodyBytes int64

	// Sinks are told of every change, and of other commands when ForwardOther is set.
	Sinks        []sink.Sink
	ForwardOther bool

	// Store keeps the merged state; none when nil.
	Store state.Recorder

	// Announce are the texts by which a sent message is known whose extensions are to be expected,
	// see msgext.Announced; no message is when there are none. The Store hears of it beside
	// whatever answers the command.
	Announce []string

	// Relay has the app's own backend answer other commands, which are acknowledged when it is nil.
	// RelayBudget is the backend's time from arrival; DefaultRelayBudget when zero. Commands whose
	// answer Chat ignores get 500 ms of it.
	Relay       *relay.Relay
	RelayBudget time.Duration

	// RelayPass has Chat do with another command what its console says for a failed webhook,
	// wherever the backend does not answer, or we cannot ask it: the reply then has another status
	// than 200. Otherwise such a command, and one that the backend answers with 5xx, is answered
	// OK.
	RelayPass bool

	// Started is when a process did that a platform starts for a request: its first request has
	// waited since then, and its line says how long. Zero for a process that runs whether or not
	// there are requests.
	Started time.Time

	// Budget is the time from arrival in which everything must have accepted an event;
	// DefaultBudget when zero. A deadline of the platform that comes sooner, less a margin to
	// reply, goes first.
	Budget time.Duration

	// Hold keeps the reply to an event that our side failed until Chat has timed out, because
	// a time-out is the only thing Chat retries.
	Hold bool

	// Logger takes the one line a request; slog.Default() when nil. Of requests that are refused
	// before anything is known of their sender, five a minute have a line; the others are counted,
	// and the next line of any kind is preceded by one that says how many they were.
	Logger *slog.Logger

	// Metrics says how measurements are added to that line; they are not when nil. It is given what
	// was measured, each a number under its name (Accepted, RequestTime, ...), and by what a
	// refusal is counted apart: signature, app, address or other, empty where nothing was refused.
	// It returns what the line carries. It may use the slice.
	Metrics func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr

	// RequestID and InvocationID tell the gateway's and the platform's name of a request; none when
	// nil. The line has the second only where it is another one.
	RequestID, InvocationID func(context.Context) string

	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// Observe, when set, is shown every request after its verdict, body included. It is for
	// the local console: it must be quick and keep secrets to itself.
	Observe func(Observation)
}

// Observation is one request as the local console shows it.
type Observation struct {
	At        time.Time
	Duration  time.Duration
	Request   *http.Request
	Body      []byte // nil where the body was not read
	Command   string // "" unless authentic
	Event     *msgext.Event
	Verdict   string // "accepted", "rejected" or "deferred"
	Reason    string
	Err       error // what the sender is not told
	Status    int
	ErrorInfo string

	// Backend is what the app's own backend made of the request, nil where it was not asked.
	Backend *Backend

	// Outcomes has one for each destination that was told, the store first; Told is what the sinks
	// were told, nil where there was none to tell.
	Outcomes []sink.Outcome
	Told     *cloudevent.Event
}

// Backend is what the app's own backend made of a command.
type Backend struct {
	Took   time.Duration
	Answer *relay.Answer // nil where there was none
}

// Receiver serves webhooks. It is safe for concurrent use.
type Receiver struct {
	options  Options
	warm     atomic.Bool
	refusals refusals
}

// New returns a Receiver.
func New(options Options) *Receiver {
	if options.MaxBodyBytes == 0 {
		options.MaxBodyBytes = DefaultMaxBodyBytes
	}
	if options.Budget == 0 {
		options.Budget = DefaultBudget
	}
	if options.RelayBudget == 0 {
		options.RelayBudget = DefaultRelayBudget
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.InvocationID == nil {
		options.InvocationID = func(context.Context) string { return "" }
	}
	if options.RequestID == nil {
		options.RequestID = func(context.Context) string { return "" }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Receiver{options: options}
}

// ServeHTTP answers one webhook. It is safe for concurrent use.
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.answer(w, r, func(r *http.Request, rec *record) error { return rc.receive(w, r, rec) })
}

// Malformed answers a gateway event that makes no sense, which therefore is no request. It is what
// a gateway is given beside the Receiver itself.
func (rc *Receiver) Malformed(w http.ResponseWriter, r *http.Request) {
	rc.answer(w, r, func(*http.Request, *record) error { return ErrGatewayEvent })
}

// NotReady returns a handler for a platform on which a process cannot refuse to start. It answers
// 503, so that the console shows it, and OK to a command that is not ours, so that no user is
// blocked. The reason stands in the log line.
func (rc *Receiver) NotReady(reason error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc.answer(w, r, func(*http.Request, *record) error { return errors.Join(ErrNotReady, reason) })
	})
}

// answer runs one request from arrival to reply: the only place that replies, logs and
// recovers.
func (rc *Receiver) answer(w http.ResponseWriter, r *http.Request, receive func(*http.Request, *record) error) {
	rec := record{
		arrived: rc.options.Now(),
		cold:    rc.warm.CompareAndSwap(false, true),
	}
	err := guard.Recover(func() error { return receive(r, &rec) })
	if errors.Is(err, guard.ErrPanic) && rec.command == "" {
		err = errors.Join(errEarlyPanic, err)
	}
	verdict := judge(err, r.URL.RawQuery, rc.options.RelayPass)
	if verdict.fate == deferred && rc.options.Hold && !webhook.NamesCommand(r.URL.RawQuery, isOther) {
		rc.hold(r.Context(), rec.arrived)
	}
	heard := rc.heard(&rec, err)
	if heard {
		verdict.status = rec.backend.Answer.Status
	}
	rc.finish(r, &rec, verdict, err)
	if heard {
		writeAnswer(w, rec.backend.Answer)
		return
	}
	if verdict.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	verdict.reply(err).Write(w, verdict.status)
}

// receive does what a request asks for. Its error is one of the table's, or our side's.
func (rc *Receiver) receive(w http.ResponseWriter, r *http.Request, rec *record) error {
	if rc.options.Path != "" && subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte(rc.options.Path)) != 1 {
		return ErrPath
	}
	if r.Method != http.MethodPost {
		return ErrMethod
	}
	query, err := webhook.ParseQuery(r.URL.RawQuery)
	if err == nil && !query.HasCommand && webhook.IsEmpty(r.Body) {
		rec.reason = reasonProbe
		return nil
	}
	if err := rc.checkAddress(r.RemoteAddr); err != nil {
		return err
	}
	if err != nil {
		return err
	}
	if err := rc.options.Verifier.Verify(query, rec.arrived); err != nil {
		return err
	}
	rec.command, rec.appID = query.Command, query.SDKAppID
	rec.received = latest(rec.arrived, rc.options.Verifier.SignedAt(query))
	if !msgext.IsCommand(query.Command) {
		if rc.options.Relay != nil {
			return rc.relay(w, r, rec)
		}
		return rc.acknowledge(r, rec)
	}
	if rec.body, err = webhook.ReadBody(r.Body, r.ContentLength, rc.options.MaxBodyBytes); err != nil {
		return err
	}
	if rec.change, err = msgext.Decode(query.SDKAppID, query.Command, rec.body); err != nil {
		return rc.refuse(r.Context(), rec, err)
	}
	rec.event, rec.message = &rec.change, rec.change.Message
	return rc.deliver(r.Context(), rec)
}

// latest returns the later of two moments.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// acknowledge takes another command: it is answered OK whatever becomes of it, because a
// "before" command that is not would block a user.
func (rc *Receiver) acknowledge(r *http.Request, rec *record) error {
	rec.reason = reasonOther
	if !rc.options.ForwardOther && rc.noter(rec.command) == nil {
		return nil
	}
	budget := rc.options.Budget
	if webhook.IsBlocking(rec.command) {
		budget = min(budget, blockingBudget)
	}
	ctx, cancel := rc.withBudget(r.Context(), rec.arrived, budget)
	defer cancel()
	err := guard.Recover(func() (err error) {
		if rec.body, err = webhook.ReadBody(r.Body, r.ContentLength, rc.options.MaxBodyBytes); err != nil {
			return err
		}
		wait := rc.noteBeside(ctx, rec)
		defer wait()
		return rc.forward(ctx, rec)
	})
	if err != nil {
		rec.reason, rec.forwardErr = reasonForwardFailed, err
	}
	return nil
}

// finish writes the request's line and shows it to the observer.
func (rc *Receiver) finish(r *http.Request, rec *record, verdict rule, err error) {
	now := rc.options.Now()
	rec.took = now.Sub(rec.arrived)
	if verdict.fate == accepted && rec.reason != "" {
		verdict.reason = rec.reason
	}
	level := verdict.fate.level()
	if rec.unannounced {
		level = max(level, slog.LevelWarn)
	}
	if rc.options.Logger.Enabled(r.Context(), level) && !(anonymous(rec, verdict) && rc.refusals.leaveOut(verdict.refusal(), rec.arrived)) {
		var room [24]slog.Attr // off the heap
		rc.logCounted(r.Context(), now)
		rc.options.Logger.LogAttrs(r.Context(), level, message,
			rec.appendAttrs(r.Context(), room[:0], rc.options, verdict, err, now)...)
	}
	if rc.options.Observe != nil {
		rc.options.Observe(Observation{
			At: rec.arrived, Duration: rec.took, Request: r, Body: rec.body,
			Command: rec.command, Event: rec.event,
			Verdict: string(verdict.fate), Reason: verdict.reason, Err: errors.Join(err, rec.forwardErr),
			Status: verdict.status, ErrorInfo: verdict.reply(err).ErrorInfo,
			Backend: rec.backend, Outcomes: rec.outcomes, Told: rec.told,
		})
	}
}
