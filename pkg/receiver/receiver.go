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
	"crypto/subtle"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"msgext/internal/guard"
	"msgext/internal/logsample"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// probeWait is how long the end of an empty body without a length may take, on its way behind the
// request's headers.
const probeWait = 300 * time.Millisecond

// Receiver serves webhooks. It is safe for concurrent use.
type Receiver struct {
	options  Options
	warm     atomic.Bool
	refusals logsample.Refusals
}

// New returns a Receiver.
func New(options Options) *Receiver { return &Receiver{options: options.withDefaults()} }

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
	rule := judge(err, r.URL.RawQuery, rc.options.RelayPass)
	if rule.fate == deferred && rc.options.Hold && !webhook.NamesCommand(r.URL.RawQuery, isOther) {
		rc.hold(r.Context(), rec.arrived)
	}
	heard := rc.heard(&rec, err)
	if heard {
		rule.status = rec.backend.Answer.Status
	}
	rc.finish(r, &rec, rule, err)
	if heard {
		writeAnswer(w, rec.backend.Answer)
		return
	}
	if rule.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	rule.reply(err).Write(w, rule.status)
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

// isEmpty reports whether a request has no body. Nothing is known of the sender yet, and a body
// that never comes would occupy the server for as long as its read timeout. So a body with a length
// is not read, and one without a length is waited for no longer than probeWait.
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
