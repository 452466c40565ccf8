package receiver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/relay"
	"msgext/pkg/webhook"
)

const (
	// DefaultRelayBudget is how long the app's backend may take.
	DefaultRelayBudget = 1500 * time.Millisecond

	// unheardBudget bounds the relay of commands whose answer Chat ignores.
	unheardBudget = 500 * time.Millisecond

	// maxRelayedBytes caps what is passed on: no gateway takes more (HTTP API, 10 MB).
	maxRelayedBytes = 10 << 20
)

// errRelay means that our side failed to pass a command on to the backend.
var errRelay = errors.New("receiver: not relayed")

// attr returns the line's attribute for the backend.
func (b *Backend) attr() slog.Attr {
	took := slog.Float64(keyDuration, milliseconds(b.Took))
	if b.Answer == nil {
		return slog.Group(keyRelay, took)
	}
	return slog.Group(keyRelay, slog.Int(keyStatus, b.Answer.Status), took)
}

// relay passes a command to the app's backend, which answers it. Its error is one of package
// relay's, or errRelay.
func (rc *Receiver) relay(w http.ResponseWriter, r *http.Request, rec *record) error {
	rec.reason = reasonRelayed
	ctx, cancel := rc.withBudget(r.Context(), rec.arrived, rc.relayBudget(rec))
	defer cancel()
	err := guard.Recover(func() (err error) {
		if rec.body, err = readBefore(ctx, w, r); err != nil {
			return err
		}
		wait := rc.noteBeside(ctx, rec)
		defer wait() // delays no user: Chat ignores the answer to such a command
		giveUp := rc.forwardBeside(ctx, rec)
		defer giveUp()
		return rc.ask(ctx, r, rec)
	})
	if errors.Is(err, guard.ErrPanic) || errors.Is(err, webhook.ErrBodyRead) || errors.Is(err, webhook.ErrBodyTooLarge) {
		return errors.Join(errRelay, err)
	}
	return err
}

// relayBudget returns how long the backend may take, from arrival. For the first request of a
// process, the time that the process took to start is subtracted, because the request waited for
// it. If the start took longer than the whole budget nothing is subtracted: either the process was
// started ahead of its first request, or the client has already gone.
func (rc *Receiver) relayBudget(rec *record) time.Duration {
	budget := rc.options.RelayBudget
	if age := rec.arrived.Sub(rc.options.Started); rec.cold && age > 0 && age < budget {
		budget -= age
	}
	if !webhook.IsBlocking(rec.command) {
		budget = min(budget, unheardBudget)
	}
	return budget
}

// readBefore reads a body. Where the server supports read deadlines, it stops at ctx's deadline.
func readBefore(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	deadline, _ := ctx.Deadline()
	// A gateway has no read deadline, but has the whole body already. A server sets a new deadline
	// for the next request.
	_ = http.NewResponseController(w).SetReadDeadline(deadline)
	return webhook.ReadBody(r.Body, r.ContentLength, maxRelayedBytes)
}

// ask makes one request to the backend and records its result.
func (rc *Receiver) ask(ctx context.Context, r *http.Request, rec *record) error {
	began, inTime := rc.options.Now(), ctx.Err() == nil
	answer, err := rc.options.Relay.Do(ctx, relay.Request{
		RawQuery: r.URL.RawQuery, Header: r.Header, Body: rec.body, Brief: !webhook.IsBlocking(rec.command),
	})
	refused := errors.Is(err, relay.ErrSkipped) || errors.Is(err, relay.ErrLoop) || errors.Is(err, relay.ErrQuery)
	if inTime && !refused {
		rec.backend = &Backend{Took: rc.options.Now().Sub(began)}
	}
	if err == nil {
		rec.backend.Answer = &answer
	}
	return err
}

// forwardBeside sends the command to the sinks in the background, if so configured, until giveUp is
// called.
func (rc *Receiver) forwardBeside(ctx context.Context, rec *record) (giveUp func()) {
	if !rc.options.ForwardOther {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	forwarded := make(chan error, 1)
	go func() { forwarded <- guard.Recover(func() error { return rc.forward(ctx, rec) }) }()
	return func() {
		cancel()
		rec.forwardErr = <-forwarded // at once: the context is cancelled
	}
}

// writeAnswer sends what the backend answered.
func writeAnswer(w http.ResponseWriter, answer *relay.Answer) {
	header := w.Header()
	header["Content-Type"] = nil // otherwise the server would guess one
	for name, values := range answer.Header {
		header[name] = values
	}
	header.Set(relay.AnsweredHeader, "backend")
	w.WriteHeader(answer.Status)
	if len(answer.Body) > 0 {
		_, _ = w.Write(answer.Body) // if it fails, the client has gone
	}
}

// heard reports whether the backend's answer is used as the reply.
func (rc *Receiver) heard(rec *record, err error) bool {
	if err != nil || rec.backend == nil || rec.backend.Answer == nil {
		return false
	}
	return rc.options.RelayPass || rec.backend.Answer.Status < 500
}
