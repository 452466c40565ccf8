package chatsim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrDiverged is Play's error when a change does not make the planned version, because the message
// was also changed by something other than the plan.
var ErrDiverged = errors.New("chatsim: the truth is not what the plan expects")

// Player configures how a plan is played. Send is required.
type Player struct {
	// Send delivers one webhook, by HTTP or any other way, and waits for the reply. It is called by
	// up to Concurrency goroutines at once.
	Send func(ctx context.Context, d Delivery) error

	// Wait is called before each new moment of the plan, after all earlier webhooks are done. It
	// can sleep until then, or set a simulated clock. Without it the plan is played as fast as Send
	// allows, and neighbouring webhooks may overtake each other.
	Wait func(ctx context.Context, until time.Time) error

	// Concurrency is how many webhooks are sent at the same time; 8 when zero.
	Concurrency int

	// Retries is how often a webhook is sent again, with a new signature, when Send returns
	// ErrTimeout, as for an app that has switched retries on. Chat's number and pauses are not
	// documented. There is no pause here.
	Retries int
}

// Report is the result of playing a plan.
type Report struct {
	Counts
	Delivered int // webhooks answered with OK
	Failed    int // finally answered otherwise or not at all
	TimeOuts  int // attempts that timed out
	Resent    int // attempts after a time-out

	// FirstFailure is the error of one webhook that failed, nil if none did.
	FirstFailure error
}

// Sleep is a Player's Wait on the real clock.
func Sleep(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Play makes the plan's changes and sends its webhooks, signed at the moment of sending by the
// Sim's clock. A webhook that fails is counted and otherwise ignored, as Chat does. Play returns
// when all are done. Errors: ErrDiverged, Wait's, and the context's.
func (s *Sim) Play(ctx context.Context, plan Plan, player Player) (Report, error) {
	if player.Concurrency == 0 {
		player.Concurrency = 8
	}
	run := run{sim: s, player: player, slots: make(chan struct{}, player.Concurrency), report: Report{Counts: plan.Counts}}
	err := run.play(ctx, plan)
	run.sending.Wait()
	return run.report, err
}

// run is a plan being played.
type run struct {
	sim     *Sim
	player  Player
	slots   chan struct{}
	sending sync.WaitGroup

	mu     sync.Mutex
	report Report
}

func (r *run) play(ctx context.Context, plan Plan) error {
	var now time.Time
	for _, step := range plan.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.player.Wait != nil && step.At.After(now) {
			r.sending.Wait()
			if err := r.player.Wait(ctx, step.At); err != nil {
				return err
			}
			now = step.At
		}
		if step.Change != nil {
			if err := r.sim.follow(step); err != nil {
				return err
			}
			continue
		}
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		r.sending.Go(func() {
			r.send(ctx, *step.Delivery)
			<-r.slots
		})
	}
	return nil
}

// follow makes a planned change.
func (s *Sim) follow(step Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	outcome, err := s.truth.apply(*step.Change)
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	if outcome.Version != step.Version {
		return fmt.Errorf("%w: version %d of a message instead of %d", ErrDiverged, outcome.Version, step.Version)
	}
	return nil
}

// send sends one webhook until it is answered or Chat gives up.
func (r *run) send(ctx context.Context, d Delivery) {
	for left := r.player.Retries; ; left-- {
		err := r.player.Send(ctx, r.sim.sign(d, r.sim.options.Now()))
		if !r.note(err, left > 0) {
			return
		}
		d.Attempt++
	}
}

// note counts the result of an attempt, and reports whether another one is to be made.
func (r *run) note(err error, mayResend bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	timedOut := errors.Is(err, ErrTimeout)
	if timedOut {
		r.report.TimeOuts++
	}
	switch {
	case err == nil:
		r.report.Delivered++
	case timedOut && mayResend:
		r.report.Resent++
		return true
	default:
		r.report.Failed++
		if r.report.FirstFailure == nil {
			r.report.FirstFailure = err
		}
	}
	return false
}
