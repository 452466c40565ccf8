// Package receiver is the core that every entrypoint shares. It is an http.Handler that
// authenticates a webhook, decodes it, delivers it to everything configured within a budget, and
// replies. It writes one log line per request. Its only state is a count of refused requests and
// whether a first request has come.
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
	"msgext/internal/logsample"
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

// probeWait is how long the end of an empty body without a length may take, on its way behind the
// request's headers.
const probeWait = 300 * time.Millisecond

// Options configure a Receiver. Verifier must be set. Every other field may be left zero.
type Options struct {
	// Verifier decides who may call.
	Verifier webhook.Verifier

	// Path is the only path that takes webhooks; any path when empty. It is compared in constant
	// time, so response times reveal nothing but its length.
	Path string

	// AllowFrom are the addresses that webhooks are taken from; any address when empty. A request's
	// address is its RemoteAddr, with or without a port. IPv4 is written as IPv4, not mapped into
	// IPv6.
	AllowFrom []netip.Prefix

	// MaxBodyBytes caps the body of our commands; DefaultMaxBodyBytes when zero.
	MaxBodyBytes int64

	// Sinks get every change, and other commands when ForwardOther is set.
	Sinks        []sink.Sink
	ForwardOther bool

	// Store keeps the merged state; none when nil.
	Store state.Recorder

	// Announce are the texts that mark a sent message whose extensions are to be expected, see
	// msgext.Announced. Without texts no message is announced. The Store is told in addition to
	// whatever answers the command.
	Announce []string

	// Relay passes other commands to the app's own backend, which answers them. When it is nil we
	// acknowledge them. RelayBudget is the backend's time, from the request's arrival;
	// DefaultRelayBudget when zero. For commands whose answer Chat ignores it is at most 500 ms.
	Relay       *relay.Relay
	RelayBudget time.Duration

	// RelayPass lets Chat's console setting for failed webhooks decide about another command when
	// the backend does not answer it, or when we cannot ask the backend. The reply then has a
	// status other than 200. A 5xx answer of the backend is passed on too. Without RelayPass the
	// reply is OK in all these cases.
	RelayPass bool

	// Started is when the process started, for a platform that starts processes because a request
	// came. The first request has waited since then, and its line says how long. It is zero for a
	// process that runs whether or not there are requests.
	Started time.Time

	// Budget is the time from arrival within which everything must have accepted an event;
	// DefaultBudget when zero. An earlier deadline of the platform, less a margin to reply, takes
	// precedence.
	Budget time.Duration

	// Hold delays the reply to an event that our side failed to process until Chat has timed out. A
	// time-out is the only failure that Chat retries.
	Hold bool

	// Logger takes the one line per request; slog.Default() when nil. Requests that are refused
	// before anything is known of their sender get at most five lines a minute. The others are
	// counted, and the count is logged before the next line of any kind.
	Logger *slog.Logger

	// Metrics converts a request's measurements to attributes of its line; without it they are not
	// logged. It gets what was measured, each a number under its name (Accepted, RequestTime, ...),
	// and the kind of a refusal: signature, app, address or other, empty if nothing was refused. It
	// returns the attributes for the line. It may reuse the slice.
	Metrics func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr

	// RequestID and InvocationID return the gateway's and the platform's identifier of a request;
	// none when nil. The line has the second only if it differs from the first.
	RequestID, InvocationID func(context.Context) string

	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// Observe, when set, is called for every request after its verdict, body included. It is for
	// the local console. It must return quickly and must not publish secrets.
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

// Receiver serves webhooks. It is safe for concurrent use.
type Receiver struct {
	options  Options
	warm     atomic.Bool
	refusals logsample.Refusals
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

// Malformed answers a gateway event that is not a valid request. A gateway gets it in addition to
// the Receiver itself.
func (rc *Receiver) Malformed(w http.ResponseWriter, r *http.Request) {
	rc.answer(w, r, func(*http.Request, *record) error { return ErrGatewayEvent })
}

// NotReady returns a handler for a platform on which a process cannot refuse to start. It answers
// 503, so that the console shows the failure. Commands that are not ours get OK, so that no user is
// blocked. The reason is in the log line.
func (rc *Receiver) NotReady(reason error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc.answer(w, r, func(*http.Request, *record) error { return errors.Join(ErrNotReady, reason) })
	})
}

// answer handles one request from arrival to reply. It is the only place that replies, logs and
// recovers from panics.
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

// receive processes a request. Its error is one of the reply table's, or counts as a failure of our
// side.
func (rc *Receiver) receive(w http.ResponseWriter, r *http.Request, rec *record) error {
	if rc.options.Path != "" && subtle.ConstantTimeCompare([]byte(r.URL.Path), []byte(rc.options.Path)) != 1 {
		return ErrPath
	}
	if r.Method != http.MethodPost {
		return ErrMethod
	}
	query, err := webhook.ParseQuery(r.URL.RawQuery)
	if err == nil && !query.HasCommand && isEmpty(w, r) {
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

// isEmpty reports whether a request has no body. Nothing is known of the sender yet, and a body that
// never comes would occupy the server for as long as its read timeout. So a body with a length is
// not read, and one without a length is waited for no longer than probeWait.
func isEmpty(w http.ResponseWriter, r *http.Request) bool {
	if r.ContentLength > 0 {
		return false
	}
	if r.ContentLength < 0 {
		// As in readBefore. The deadline is by the real clock.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(probeWait))
	}
	return webhook.IsEmpty(r.Body)
}

// latest returns the later of two moments.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// acknowledge takes a command that is not ours. The reply is always OK, because any other reply to
// a "before" command blocks a user.
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
	if rec.noteErr != nil {
		level = max(level, slog.LevelWarn)
	}
	if rc.options.Logger.Enabled(r.Context(), level) && !(anonymous(rec, verdict) && rc.refusals.LeaveOut(verdict.refusal(), rec.arrived)) {
		var room [24]slog.Attr // on the stack, to save an allocation
		rc.logCounted(r.Context(), now)
		rc.options.Logger.LogAttrs(r.Context(), level, message,
			rec.appendAttrs(r.Context(), room[:0], rc.options, verdict, err, now)...)
	}
	if rc.options.Observe != nil {
		rc.options.Observe(Observation{
			At: rec.arrived, Duration: rec.took, Request: r, Body: rec.body,
			Command: rec.command, Event: rec.event,
			Verdict: string(verdict.fate), Reason: verdict.reason, Err: errors.Join(err, rec.forwardErr, rec.noteErr),
			Status: verdict.status, ErrorInfo: verdict.reply(err).ErrorInfo,
			Backend: rec.backend, Outcomes: rec.outcomes, Told: rec.told,
		})
	}
}
