package repair_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// foreignURL is soakURL of somebody else's app.
var foreignURL = strings.Replace(soakURL, app, "1", 1)

// garbledKinds is how many kinds of bodies there are that nobody can take in: those of another
// shape, one that is cut off anywhere, and one that is cut off just where it would name its
// message.
var garbledKinds = len(garbled) + 2

// garble sends the webhook of an event in a body of one of these kinds. By what the body is, and
// not by what the receiver says of it, the message is doubted, or nothing is.
func (w *soakWorld) garble(m *soakMessage, event msgext.Event, kind int, r *rand.Rand) {
	b, named := bodyOf(event), true
	if kind < len(garbled) {
		garbled[kind](&b)
	}
	body := b.encode(w.t)
	switch names := bytes.Index(body, []byte(`,"OperateType"`)); kind {
	case len(garbled):
		body = body[:len(body)-1-r.IntN(len(body)*2/3)]
		named = len(body) > names // whether a number has ended shows in what follows it
	case len(garbled) + 1:
		body, named = body[:names], false
	}
	w.mu.Lock()
	w.garbles++
	w.mu.Unlock()
	if became := w.post(foreignURL, body, event.Seq); became.taken || became.failed {
		w.store.complain("a webhook of another app has touched the store", "%s", m.Path())
	}
	switch became := w.post(soakURL, body, event.Seq); {
	case became.failed:
		w.deferred(m)
	case named:
		w.note(m, true)
		w.arrived(m, event.Seq)
		w.oweDoubted(m, event.Seq)
	case became.taken:
		w.store.complain("a body that names no message has touched the store", "%s", m.Path())
	}
}

// shownVersions is how many of its newest versions a message remembers.
const shownVersions = 50

// remember keeps what the message now is. The caller holds the world's lock.
func (m *soakMessage) remember(now msgext.ReadReply) {
	if m.history == nil {
		m.history = make(map[int64][]msgext.KeyValue)
	}
	m.history[now.LatestSeq] = now.ExtensionList
	delete(m.history, now.LatestSeq-shownVersions)
}

// judgeShown holds what the store shows of a message without saying that something is missing: it
// is the truth as of the version that it names, and nothing that could not be taken in is still to
// be read. A version that Chat takes back, or that is forged, may name something else.
func (w *soakWorld) judgeShown(message msgext.Message, record state.Record) (exists bool) {
	w.mu.Lock()
	m := w.byName[message]
	w.mu.Unlock()
	if m == nil {
		w.store.complain("a message that nobody has", "%s", message.Path())
		return false
	}
	w.mu.Lock()
	truth, known := m.history[record.State.Latest]
	known = known && (m.forged.IsZero() || m.stage != nil) && m.code == 0
	w.mu.Unlock()
	if w.falls || record.Incomplete() || record.Check.Gone || !known {
		return true
	}
	if shown := record.State.Visible(); !slices.Equal(shown, truth) {
		w.store.complain("shown as if nothing were missing", "%s: as of %d: %v is not %v", message.Path(), record.State.Latest, shown, truth)
	}
	if version := w.debts.doubted(m); record.State.Base == nil && version > 0 || record.State.Base != nil && record.State.Base.Latest < version {
		w.store.complain("a doubt that is not shown", "%s: version %d could not be taken in, and was not read: %+v", message.Path(), version, record.Check)
	}
	return true
}

// doubted returns the greatest version of a message that could not be taken in and was not told.
func (d *debts) doubted(m *soakMessage) (version int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, debt := range d.owed[m.Path()] {
		if debt.doubted && d.told[m.Path()] < debt.version {
			version = max(version, debt.version)
		}
	}
	return version
}

// lagged reports whether a replica that lags may have been what was read of a message.
func (m *soakMessage) lagged() bool { return time.Since(m.changed) < replicaLag+10*time.Second }
