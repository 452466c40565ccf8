package repair_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

// live plays the traffic.
func (w *soakWorld) live() {
	length := w.end.Sub(w.began)
	zipf := rand.NewZipf(w.r, 1.1, 4, uint64(len(w.messages)-1))
	crowds, changes := w.crowds, w.sizes.changes
	for w.changed() < changes && time.Now().Before(w.end) {
		if len(crowds) > 0 && time.Now().After(crowds[0].from) {
			before := w.changed()
			w.crowd(crowds[0])
			changes += w.changed() - before
			crowds = crowds[1:]
		}
		time.Sleep(time.Duration(w.r.ExpFloat64() * float64(length) / float64(w.sizes.changes) * 1.7))
		m := w.active(zipf)
		if m == nil {
			continue
		}
		switch n := w.r.IntN(1000); {
		case n < 100 && m.announce():
			at := time.Now()
			if w.store.Announce(context.Background(), m.Message, at, at.Add(10*time.Minute-grace)) == nil {
				w.note(m, false)
			}
		case n < 3:
			w.disband(m)
		case n < 6:
			w.setCode(m, 20023)
		case n < 9:
			w.setCode(m, 10004)
		case n < 20: // a hot poll: a webhook in every check
			for range 40 {
				w.change(m, false)
				time.Sleep(time.Duration(w.r.Int64N(int64(2 * time.Second))))
			}
		case n < 500:
			w.change(m, false)
		default:
			for range 3 {
				w.change(m, false)
				time.Sleep(time.Duration(w.r.Int64N(int64(20 * time.Second))))
			}
		}
		w.store.judgeAll()
	}
	time.Sleep(time.Until(w.end))
	w.later.Wait()
}

func (w *soakWorld) active(zipf *rand.Zipf) *soakMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	start := int(zipf.Uint64())
	if w.r.IntN(2) == 0 {
		start = w.r.IntN(len(w.messages))
	}
	for i := range w.messages {
		m := w.messages[(start+i)%len(w.messages)]
		if m.code == 0 && now.After(m.from) && now.Before(m.to) {
			return m
		}
	}
	return nil
}

// announce reports whether the message is to be announced now, which only one that is new is.
func (m *soakMessage) announce() bool { return !m.applied }

// crowd is everybody at once, in more messages than repair has time for. Each loses a version, and
// some that have lost one cannot be read.
func (w *soakWorld) crowd(flash window) {
	for range 4 {
		m := w.messages[w.r.IntN(len(w.messages))]
		w.change(m, true)
		w.change(m, false)
		if w.codeOf(m) == 0 {
			w.setCode(m, 10004)
		}
	}
	minute := 6 * w.sizes.capacity()
	if flash.to.Sub(flash.from) <= time.Minute {
		minute = len(w.messages)
	}
	for time.Now().Before(flash.to) {
		for range minute {
			if m := w.messages[w.r.IntN(len(w.messages))]; w.codeOf(m) == 0 {
				w.change(m, true)
				w.change(m, false)
			}
			time.Sleep(time.Minute / time.Duration(minute))
		}
		w.store.judgeAll()
	}
}

// change makes a change, and sends its webhook with what goes wrong on the way, or loses it.
func (w *soakWorld) change(m *soakMessage, lost bool) {
	r := w.draw("change", m.Path())
	operation := msgext.Set
	switch n := r.IntN(100); {
	case n < 3:
		operation = msgext.Clear
	case n < 25:
		operation = msgext.Delete
	}
	change := chatsim.Change{Message: m.Message, Operation: operation}
	if operation != msgext.Clear {
		change.KeyValues = []msgext.KeyValue{{Key: fmt.Sprint("user ", r.IntN(8)), Value: fmt.Sprint(r.IntN(4))}}
	}
	event, changed := w.make(change, m)
	if !changed {
		return
	}
	body := w.spelt(event, r)
	send := func() { w.webhook(m, body, event.Seq) }
	if w.all && r.IntN(50) == 0 {
		w.forge(m, max(1, event.Seq+r.Int64N(9)-4), r)
	}
	switch n := r.IntN(100); {
	case lost || n < 10:
		w.oweLost(m, event.Seq)
	case n < 14: // late, up to an hour
		w.after(time.Duration(r.Int64N(int64(time.Hour))), send)
	case n < 24: // doubled
		w.after(time.Duration(r.Int64N(int64(time.Minute))), send)
		send()
	case n < 28:
		w.garble(m, event, r.IntN(garbledKinds), r)
	default:
		send()
	}
	if r.IntN(100) == 0 { // somebody replays it at once, and again, of which one may come from a replica that lags
		_ = w.straight.Replay(context.Background(), m.Message)
		_ = w.straight.Replay(context.Background(), m.Message)
	}
}

func (w *soakWorld) changed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changes
}

func (w *soakWorld) after(d time.Duration, f func()) {
	w.later.Go(func() {
		time.Sleep(d)
		f()
	})
}

// make makes a change in Chat, and returns what its webhook says. It reports whether there was
// something to change.
func (w *soakWorld) make(change chatsim.Change, m *soakMessage) (event msgext.Event, changed bool) {
	before, err := json.Marshal(w.chat.Truth(m.Message))
	require.NoError(w.t, err)
	outcome, err := w.chat.Change(change)
	require.NoError(w.t, err)
	if outcome.Version == 0 {
		return msgext.Event{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes++
	m.before, m.changed, m.version, m.lost = before, time.Now(), outcome.Version, true
	m.remember(w.chat.Truth(m.Message))
	return msgext.Event{Message: m.Message, Operation: change.Operation, KeyValues: outcome.KeyValues, Seq: outcome.Version}, true
}

// forge sends an event that nobody made, below, at or above the truth. It reports whether that was
// taken in.
func (w *soakWorld) forge(m *soakMessage, version int64, r *rand.Rand) (msgext.KeyValue, bool) {
	w.mu.Lock()
	m.forged = time.Now()
	w.forged++
	w.mu.Unlock()
	forged := msgext.KeyValue{Key: "forged", Value: fmt.Sprint(r.Uint32()), Seq: version}
	event := msgext.Event{Message: m.Message, Operation: msgext.Set, Seq: version, KeyValues: []msgext.KeyValue{forged}}
	taken := w.webhook(m, bodyOf(event).encode(w.t), 0)
	if taken {
		w.oweForged(m, forged, time.Now())
	}
	return forged, taken
}
