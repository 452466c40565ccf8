package consumer_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

const (
	margin = 60_000            // twice the default MSGEXT_REPAIR_GRACE
	lag    = 3_000             // how old Chat's answer may be
	start  = 1_764_688_000_000 // all times are Unix milliseconds
)

// event is one event as a sink delivers it: a change, or a read.
type event struct {
	change    *msgext.Event
	received  int64
	eventTime int64
	forged    bool

	truth   *cloudevent.Truth
	gone    bool  // the message is
	told    int64 // when the event was sent
	arrived int   // its position among the events of a history
}

// faults are mistakes of the producer, to show their effects.
type faults struct {
	margin      int64 // in place of margin; -1 for the default
	believes    bool  // a read with a lower version than the one before is accepted at once
	overtaken   bool  // a read is sent even if another was merged since it began
	toldDecides bool  // a read decides what was received before it was sent
	unclamped   bool  // receivers' clocks may be five minutes off, without correction
}

// world is one message in Chat, its webhooks, and the reads of it that are sent.
type world struct {
	r       *rand.Rand
	faults  faults
	falling bool // LatestSeq is the greatest present Seq, so that deletions lower it
	skew    int64

	now     int64
	chat    []moment // Chat's state over time
	pending []read
	number  int64 // of the newest merged read
	latest  int64 // its LatestSeq
	heard   int64 // greatest version that a webhook announced
	heardAt int64 // when, by our clock, the last webhook was received

	events  []event
	changes []msgext.Event // all that were made
	last    int64          // when the last change was made
}

// moment is Chat's state from a time on.
type moment struct {
	at      int64
	latest  int64
	clear   int64
	present map[string]msgext.KeyValue
	gone    bool
}

// read is a read in progress.
type read struct {
	after, began int64
	seen         moment
	ends         int64
}

func newWorld(seed uint64, f faults) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 19)), faults: f, now: start}
	if w.faults.margin < 0 {
		w.faults.margin = margin
	}
	w.falling = w.r.IntN(3) == 0
	w.skew = int64(w.r.IntN(4)) * 1000
	w.chat = []moment{{at: 0, present: map[string]msgext.KeyValue{}}}
	return w
}

func (w *world) chance(percent int) bool { return w.r.IntN(100) < percent }
func (w *world) between(n int64) int64   { return w.r.Int64N(n + 1) }
func (w *world) off(skew int64) int64    { return w.between(2*skew) - skew }

// play runs a history, and leaves no read in progress.
func (w *world) play() {
	for range 8 + w.r.IntN(25) {
		switch n := w.r.IntN(100); {
		case n < 40:
			w.now += w.between(2_000)
		case n < 90:
			w.now += w.between(20_000)
		default:
			w.now += w.between(3 * margin)
		}
		w.finish()
		switch n := w.r.IntN(100); {
		case n < 60:
			w.act()
		case n < 72:
			w.forge()
		default:
			w.begin()
		}
	}
	for len(w.pending) > 0 {
		w.now += 500
		w.finish()
	}
}

func (w *world) truth() moment { return w.chat[len(w.chat)-1] }

// act makes a change and usually sends its webhook.
func (w *world) act() {
	t := w.truth()
	next := moment{at: w.now, latest: t.latest + 1, clear: t.clear, present: maps.Clone(t.present)}
	change := msgext.Event{Operation: msgext.Set, Seq: next.latest}
	keys := []string{"a", "b", "c"}
	w.r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	switch n := w.r.IntN(100); {
	case n < 12:
		change.Operation, next.clear = msgext.Clear, next.latest
		clear(next.present)
	case n < 45:
		change.Operation = msgext.Delete
		for _, key := range keys {
			if _, ok := next.present[key]; ok && len(change.KeyValues) < 2 {
				delete(next.present, key)
				change.KeyValues = append(change.KeyValues, msgext.KeyValue{Key: key, Seq: next.latest})
			}
		}
		if len(change.KeyValues) > 0 {
			break
		}
		fallthrough
	default:
		change.Operation = msgext.Set
		for _, key := range keys[:1+w.r.IntN(2)] {
			kv := msgext.KeyValue{Key: key, Value: fmt.Sprint("v", next.latest), Seq: next.latest}
			next.present[key] = kv
			change.KeyValues = append(change.KeyValues, kv)
		}
	}
	w.chat, w.last = append(w.chat, next), w.now
	w.changes = append(w.changes, change)
	if w.chance(25) {
		return // lost
	}
	w.hear(change, w.now+w.between(int64(1+w.r.IntN(8))*1000), w.now+w.off(30_000), false)
	if w.chance(20) { // a repetition
		w.hear(change, w.now+w.between(margin/2), w.now+w.off(30_000), false)
	}
}

// forge sends an event that nobody caused, with a version below, at or above the true one.
func (w *world) forge() {
	version := max(1, w.truth().latest-2+w.between(5))
	change := msgext.Event{Operation: msgext.Operation(1 + w.r.IntN(3)), Seq: version}
	if change.Operation != msgext.Clear {
		kv := msgext.KeyValue{Key: string(rune('a' + w.r.IntN(3))), Seq: version}
		if change.Operation == msgext.Set {
			kv.Value = "forged"
		}
		change.KeyValues = []msgext.KeyValue{kv}
	}
	w.hear(change, w.now, w.now+w.off(86_400_000), true) // a forger may claim any time
}

// hear receives a webhook at a time and sends its event. The receiver's clock may be off, but the
// reported time is no earlier than Chat's signature.
func (w *world) hear(change msgext.Event, at, eventTime int64, forged bool) {
	received := at + w.off(w.skew)
	if w.faults.unclamped {
		received = at + w.off(300_000)
	}
	w.events = append(w.events, event{change: &change, received: received, eventTime: eventTime, forged: forged})
	w.heard, w.heardAt = max(w.heard, change.Version()), max(w.heardAt, at)
}

// begin loads the record and starts a read of Chat. The answer may be up to lag old.
func (w *world) begin() {
	began := w.now + w.off(w.skew)
	ends := w.now + w.between(4_000)
	r := read{after: w.number, began: began, ends: ends}
	at := w.now - w.between(lag)
	for _, m := range w.chat {
		if m.at <= at {
			r.seen = m
		}
	}
	w.pending = append(w.pending, r)
}

// finish sends the reads that have ended.
func (w *world) finish() {
	slices.SortStableFunc(w.pending, func(a, b read) int { return int(a.ends - b.ends) })
	for len(w.pending) > 0 && w.pending[0].ends <= w.now {
		w.tell(w.pending[0])
		w.pending = w.pending[1:]
	}
}

// tell merges a read and sends its event, unless another was merged since it began. It reports
// whether it did.
func (w *world) tell(r read) bool {
	number, latest := max(r.after+1, r.began), w.latestOf(r.seen)
	if w.faults.overtaken {
		number = r.began
	} else if r.after != w.number {
		return false
	}
	if latest < w.latest && r.began <= w.number+w.faults.margin && !w.faults.believes && !r.seen.gone {
		return false
	}
	w.number, w.latest = number, latest
	decided := r.began - w.faults.margin
	if w.faults.toldDecides {
		decided = r.ends + w.between(3*margin) - margin // a sink was unavailable for a while
	}
	truth := cloudevent.Truth{
		ReadReply: msgext.NewReadReply(latest, r.seen.clear, list(r.seen)),
		Place:     cloudevent.Place{ReadNumber: number, DecidedBefore: decided},
	}
	if w.heard > latest {
		truth.DroppedSeq = w.heard
	}
	if r.seen.gone {
		truth.ReadReply, truth.DecidedBefore = msgext.NewReadReply(0, 0, nil), r.began
	}
	w.events = append(w.events, event{truth: &truth, gone: r.seen.gone, told: w.now})
	return true
}

func (w *world) latestOf(m moment) int64 {
	if !w.falling {
		return m.latest
	}
	latest := m.clear
	for _, kv := range m.present {
		latest = max(latest, kv.Seq)
	}
	return latest
}

// settle reads once more after enough time without changes. The message may no longer exist. It
// returns that read's event.
func (w *world) settle() event {
	if w.chance(15) {
		w.chat = append(w.chat, moment{at: w.now, gone: true})
		w.last = w.now
	}
	for {
		w.now = max(w.now, w.heardAt) + margin + 2*w.skew + 600_000
		if w.tell(read{after: w.number, began: w.now + w.off(w.skew), seen: w.truth(), ends: w.now}) {
			return w.events[len(w.events)-1]
		}
	}
}

func list(m moment) []msgext.KeyValue {
	kvs := []msgext.KeyValue{}
	for _, kv := range m.present {
		kvs = append(kvs, kv)
	}
	slices.SortFunc(kvs, func(a, b msgext.KeyValue) int {
		if a.Seq != b.Seq {
			return int(a.Seq - b.Seq)
		}
		return int(a.Key[0]) - int(b.Key[0])
	})
	return kvs
}

// deliver returns the events that arrive: shuffled, some repeated, some lost.
func (w *world) deliver(events []event, losing int) []event {
	var arrived []event
	for _, e := range events {
		if w.chance(losing) {
			continue
		}
		arrived = append(arrived, e)
		if w.chance(25) {
			arrived = append(arrived, e)
		}
	}
	if w.chance(70) { // otherwise in the order in which they were sent
		w.r.Shuffle(len(arrived), func(i, j int) { arrived[i], arrived[j] = arrived[j], arrived[i] })
	}
	return arrived
}
