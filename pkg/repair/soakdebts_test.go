package repair_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// ages are those of the last change heard at which every changed message is read once more.
var ages = []time.Duration{10 * time.Minute, time.Hour, day, 7 * day}

// debt is something that the consumer must be told of within the promised time. It is either a
// change that no webhook could tell it of, or that what it was told was forged.
type debt struct {
	message *soakMessage
	what    string
	since   time.Time       // the promised time begins
	extra   time.Duration   // is promised beyond that of a gap
	version int64           // of the change
	made    time.Time       // when the change was made, if it is lost
	doubted bool            // its webhook named the message, and nothing else could be taken in
	forged  msgext.KeyValue // what must not be shown any more
}

// debts are what the consumer is owed. Each is paid by a read that it was told, and has accepted. A
// lost change is also paid by what the consumer knows already. One that could not be taken in is
// not, because a doubt is told whatever is known.
type debts struct {
	mu   sync.Mutex
	owed map[string][]*debt // by partition key
	told map[string]int64   // the greatest LatestSeq that it has accepted
}

func newDebts() *debts {
	return &debts{owed: make(map[string][]*debt), told: make(map[string]int64)}
}

func (d *debts) owe(what *debt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := what.message.Path()
	d.owed[key] = append(d.owed[key], what)
}

// oweDoubted owes a change whose webhook named its message, and could not be taken in. The message
// is read as one with a gap is. That read may come from a replica that lags, and so another one
// follows, two grace times after the webhook.
func (w *soakWorld) oweDoubted(m *soakMessage, version int64) {
	w.debts.owe(&debt{
		message: m, what: "what could not be taken in", since: time.Now(), extra: 2*grace + time.Second, version: version, doubted: true,
	})
}

// oweLost owes a change whose webhook is lost. Where all are read, the next read of its message
// that is promised shows it, unless something heard before shows it earlier.
func (w *soakWorld) oweLost(m *soakMessage, version int64) {
	w.mu.Lock()
	heard := m.heard
	w.mu.Unlock()
	if !w.all || heard.IsZero() {
		return
	}
	if at, promised := w.nextRead(heard); promised {
		w.debts.owe(&debt{message: m, what: "a lost change", since: at, version: version, made: time.Now()})
	}
}

// nextRead returns the moment of the next read that shows what has just changed, even if a replica
// lags, of a message last heard of at a moment.
func (w *soakWorld) nextRead(heard time.Time) (at time.Time, promised bool) {
	for _, age := range ages {
		if at := heard.Add(age); at.After(time.Now().Add(replicaLag)) && !w.isSkewed(at) && !w.isSkewed(heard) {
			return at, true
		}
	}
	return time.Time{}, false
}

// isSkewed reports whether a repairer whose clock is off may take a read of about that time for
// made.
func (w *soakWorld) isSkewed(at time.Time) bool {
	return within(w.skewed, at.Add(-2*crookedness)) || within(w.skewed, at.Add(2*crookedness)) || within(w.skewed, at)
}

// oweForged owes that a forgery is undone: in two minutes, or in four if its version is above
// Chat's.
func (w *soakWorld) oweForged(m *soakMessage, forged msgext.KeyValue, since time.Time) {
	w.debts.owe(&debt{message: m, what: "a forgery", since: since, extra: 150 * time.Second, forged: forged})
}

// heardAgain brings forward when lost changes of a message are shown: it is read now. If that may
// be too soon for a replica that lags, they are shown by the read after that.
func (w *soakWorld) heardAgain(m *soakMessage) {
	w.debts.mu.Lock()
	defer w.debts.mu.Unlock()
	now := time.Now()
	w.debts.owed[m.Path()] = slices.DeleteFunc(w.debts.owed[m.Path()], func(d *debt) bool {
		switch {
		case d.made.IsZero() || !d.since.After(now):
		case now.Sub(d.made) > replicaLag:
			d.since = now
		default:
			at, promised := w.nextRead(now)
			d.since = at
			return !promised
		}
		return false
	})
}

// pay notes that the consumer has accepted a read, which pays what it contains. If it came too
// late, that is complained of.
func (w *soakWorld) pay(event cloudevent.Event) {
	if !event.IsRepaired() && !event.IsGone() {
		return
	}
	_, truth, err := event.Truth()
	if err != nil {
		return
	}
	w.debts.mu.Lock()
	defer w.debts.mu.Unlock()
	key := event.PartitionKey()
	w.debts.told[key] = max(w.debts.told[key], truth.LatestSeq)
	w.debts.owed[key] = slices.DeleteFunc(w.debts.owed[key], func(d *debt) bool {
		if d.version == 0 || !event.IsGone() && truth.LatestSeq < d.version && !w.shows(d.message) {
			return false
		}
		w.judgeDebt(d)
		return true
	})
}

// shows reports whether the consumer shows what Chat has. Where LatestSeq falls, that says more
// than versions do.
func (w *soakWorld) shows(m *soakMessage) bool {
	return slices.Equal(w.consumer.Reply(m.Message).ExtensionList, w.chat.Truth(m.Message).ExtensionList)
}

// judgeDebts complains of what is owed for too long.
func (w *soakWorld) judgeDebts() {
	w.debts.mu.Lock()
	defer w.debts.mu.Unlock()
	for key, owed := range w.debts.owed {
		owed = slices.DeleteFunc(owed, func(d *debt) bool {
			switch {
			case d.doubted:
				return w.judgeDebt(d)
			case d.version > 0:
				return w.debts.told[key] >= d.version || w.shows(d.message) || w.judgeDebt(d)
			}
			return w.isOver(d) && (!w.showsForged(d) || w.judgeDebt(d))
		})
		if w.debts.owed[key] = owed; len(owed) == 0 {
			delete(w.debts.owed, key)
		}
	}
}

func (w *soakWorld) isOver(d *debt) bool {
	now := time.Now()
	return now.Sub(d.since) > d.extra+w.allowed(d.message.Message, d.since, now)
}

// judgeDebt complains of a debt if its time is over, and reports whether it is.
func (w *soakWorld) judgeDebt(d *debt) bool {
	if !w.isOver(d) {
		return false
	}
	w.store.complain("something was not told in time", "%s: %s, version %d %s, since %s (%s into the world), now %s",
		d.message.Path(), d.what, d.version, d.forged.Key, d.since, d.since.Sub(w.began), time.Now())
	return true
}

// showsForged reports whether anybody still shows what was forged.
func (w *soakWorld) showsForged(d *debt) bool {
	record, err := w.store.Store.Load(context.Background(), d.message.Message)
	return slices.Contains(w.consumer.Reply(d.message.Message).ExtensionList, d.forged) ||
		err == nil && slices.Contains(record.State.Visible(), d.forged)
}

// watch judges debts until the context is done.
func (w *soakWorld) watch(ctx context.Context) {
	for ctx.Err() == nil {
		w.judgeDebts()
		sleep(ctx, 5*time.Minute)
	}
}
