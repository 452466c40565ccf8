package repair_test

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// promised is how long a gap shows at most when all is well: until the grace time is over and the
// next run begins, one run more where that one was cut short, and a read that hangs.
const promised = 90*time.Second + time.Minute + 10*time.Second

// allowed is how long a gap may show: what was promised, what an outage takes and the backoff after
// it, and what is owed to clocks that are off and to forgeries.
func (w *soakWorld) allowed(message msgext.Message, since, now time.Time) time.Duration {
	allowed, backoff := promised, time.Duration(0)
	outages := append(append(append([]window{}, w.restDown...), w.sinksDown...), w.store.down...)
	for _, o := range outages {
		after := o.to.Add(min(time.Hour, o.to.Sub(o.from)) + 3*time.Minute) // the backoff may be as long as the outage
		if since.Before(after) && now.After(o.from) {
			allowed += after.Sub(o.from) + 3*time.Minute
			backoff = max(backoff, min(time.Hour, o.to.Sub(o.from)))
		}
	}
	for _, crowd := range w.waves {
		if since.Before(crowd.to.Add(w.backlog())) && now.After(crowd.from) {
			allowed += w.backlog()
		}
	}
	for _, s := range w.skewed {
		if since.Before(s.to.Add(2*crookedness)) && now.After(s.from) {
			allowed += 2*crookedness + 5*time.Minute
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.byName[message]
	hangs := 0
	for _, at := range m.hung {
		if !at.Before(since) {
			hangs++
		}
	}
	// A check that failed is repeated after the backoff, in the next run. That goes on from where
	// an outage has taken it: the first check after one has failed as often as there was time for,
	// and once more where it hangs.
	allowed += time.Duration(hangs)*(70*time.Second+backoff) + grace<<hangs - grace
	if w.falls {
		allowed += 5 * time.Minute // what is ahead because LatestSeq fell is dropped, and read again
	}
	if m.code != 0 {
		allowed += 100 * day // refused by code, or gone: it is given up, or waits for its read
	}
	if !m.forged.IsZero() && m.forged.After(since.Add(-10*time.Minute)) {
		allowed += max(0, m.forged.Sub(since)) + 8*time.Minute
	}
	return allowed
}

// backlog is how long runs take for all messages there are.
func (w *soakWorld) backlog() time.Duration {
	return time.Duration(len(w.messages)/w.sizes.capacity()+1) * time.Minute
}

// troubled reports whether something is wrong, or was a short while ago, that keeps messages
// waiting.
func (w *soakWorld) troubled(now time.Time) bool {
	outages := append(append(append(append([]window{}, w.restDown...), w.sinksDown...), w.store.down...), w.skewed...)
	for _, o := range outages {
		if !now.Before(o.from) && now.Before(o.to.Add(2*time.Hour)) {
			return true
		}
	}
	return false
}

// judgeQueues holds the lanes to their promises after a run: no first check waits for longer than
// those ahead of it take, and no retry waits for a crowd's first checks to end.
func (w *soakWorld) judgeQueues() {
	now := time.Now()
	if w.troubled(now) {
		return
	}
	first, retry := promised, 15*time.Minute
	for _, crowd := range w.waves {
		if now.After(crowd.from) && now.Before(crowd.to.Add(w.backlog())) {
			first += w.backlog()
		}
	}
	for lane, longest := range map[state.Lane]time.Duration{state.FirstChecks: first, state.Retries: retry} {
		page, err := w.store.Store.Due(context.Background(), lane, now.Add(-grace-longest), "", 1)
		if assert.NoError(w.t, err) && len(page.Heads) > 0 && !w.queued {
			w.queued = true
			w.store.complain("a lane does not move", "lane %d at %s, for longer than %s: %+v", lane, now.Sub(w.began), longest, page.Heads[0])
		}
	}
}

// judgeRead holds a read to what was told before: a replica that lags must not be believed. Where
// LatestSeq falls, that is not to be seen from outside, and while a repairer's clock is behind, its
// reads do not protect from older ones.
func (w *soakWorld) judgeRead(event cloudevent.Event) {
	_, truth, err := event.Truth()
	if !assert.NoError(w.t, err) || w.falls || within(w.skewed, time.Now()) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.told[event.PartitionKey()]; truth.LatestSeq < before {
		w.store.complain("a read below an earlier one was told", "%s: %d after %d", event.PartitionKey(), truth.LatestSeq, before)
	}
	w.told[event.PartitionKey()] = max(w.told[event.PartitionKey()], truth.LatestSeq)
}

// settle lets the last reads come, 7 days after the last change.
func (w *soakWorld) settle() {
	for range 8 * 24 {
		time.Sleep(time.Hour)
		w.store.judgeAll()
	}
}

// compare holds what is known against the truth.
func (w *soakWorld) compare() {
	var equal, erased, gone, unknown int
	for _, m := range slices.Concat(w.messages, w.staged) {
		record, err := w.store.Store.Load(context.Background(), m.Message)
		truth := w.chat.Truth(m.Message)
		quiet := min(time.Since(m.last), time.Since(m.replayed))
		switch {
		case !m.applied:
			unknown++
		case errors.Is(err, state.ErrNotFound):
			erased++
			if m.heard.IsZero() { // only announced, and nothing came of it up to its last read
				assert.GreaterOrEqual(w.t, time.Since(m.last), 7*day, "%s: erased too soon", m.Path())
			} else {
				assert.GreaterOrEqual(w.t, time.Since(m.heard), soakRetention, "%s: erased too soon", m.Path())
			}
			if m.code == 0 && w.knowable(m) {
				assert.Equal(w.t, truth.ExtensionList, w.consumer.Reply(m.Message).ExtensionList, "%s: what the consumer of an erased message believes", m.Path())
			}
		case quiet > soakRetention+time.Hour && m.code != 10004:
			assert.Failf(w.t, "not erased", "%s: quiet for %s: %+v", m.Path(), quiet, record.Check)
		case m.code == 10004:
			known := record.State.Gap() || w.all
			assert.False(w.t, known && !record.Check.GaveUp && record.Check.Tries > 0, "%s: refused, and not given up: %+v", m.Path(), record.Check)
		case m.code != 0:
			gone++
			switch {
			case record.Check.Gone && m.unheard: // a late webhook that the store did not hear of
			case record.Check.Gone:
				assert.Empty(w.t, w.consumer.Reply(m.Message).ExtensionList, "%s: what the consumer of a gone message believes", m.Path())
			case !record.Check.GaveUp: // refused before it was gone
				assert.False(w.t, w.all, "%s: gone, and nobody knows: %+v", m.Path(), record.Check)
			}
		case w.knowable(m):
			equal++
			assert.Equal(w.t, truth.ExtensionList, record.State.Visible(), "%s: the store", m.Path())
			assert.Equal(w.t, truth.ExtensionList, w.consumer.Reply(m.Message).ExtensionList, "%s: the consumer", m.Path())
			assert.Equal(w.t, state.Settled, record.Check.Standing(), "%s: %+v", m.Path(), record.Check)
			assert.False(w.t, record.Incomplete(), m.Path())
		}
	}
	assert.Positive(w.t, equal)
	w.t.Logf("%d messages are the truth, %d are gone, %d erased, of %d nothing was ever heard", equal, gone, erased, unknown)
}

// knowable reports whether something betrays all that happened to a message. Where all are read,
// that is anything up to 7 days after something of it was heard.
func (w *soakWorld) knowable(m *soakMessage) bool {
	return !m.lost || w.all && m.changed.Sub(m.last) < 7*day-2*time.Hour // webhooks are late by an hour at most
}
