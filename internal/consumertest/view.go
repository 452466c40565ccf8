package consumertest

import (
	"cmp"
	"slices"
	"strings"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// view is what a consumer keeps of one message. Every part is a maximum or a union, so that what it shows
// depends on which events came, and not on their order or number.
type view struct {
	base    cloudevent.Truth // of the greatest ReadNumber
	line    int64            // greatest LatestSeq of any truth: what is at or below it is decided
	decided int64            // greatest DecidedBefore of any truth: what was received before it is decided
	rows    map[row]int64    // what changes said that no truth has decided, and when it was last received
}

// row is one thing that a change said: of a key, or, where clear is set, of all.
type row struct {
	clear   bool
	key     string
	seq     int64
	deleted bool
	value   string
}

// compare is the order in which rows of one key decide.
func (r row) compare(other row) int {
	deleted := func(r row) int {
		if r.deleted {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(r.seq, other.seq), cmp.Compare(deleted(r), deleted(other)), strings.Compare(r.value, other.value))
}

func (v *view) apply(change msgext.Event, received int64) {
	if change.Operation == msgext.Clear {
		v.put(row{clear: true, seq: change.Seq}, received)
	}
	for key, entry := range change.Entries {
		v.put(row{key: key, seq: entry.Seq, deleted: entry.Deleted, value: entry.Value}, received)
	}
}

// put keeps a row unless it is decided, or another row of its key outlives it in every way, and forgets
// the rows that it outlives.
func (v *view) put(r row, received int64) {
	if v.dead(r, received) {
		return
	}
	for other, at := range v.rows {
		if other.clear != r.clear || other.key != r.key {
			continue
		}
		switch order := r.compare(other); {
		case order <= 0 && at >= received:
			return
		case order >= 0 && received >= at:
			delete(v.rows, other)
		}
	}
	v.rows[r] = received
}

func (v *view) take(truth cloudevent.Truth) {
	v.line, v.decided = max(v.line, truth.LatestSeq), max(v.decided, truth.DecidedBefore)
	if truth.ReadNumber > v.base.ReadNumber {
		v.base = truth
	}
	for r, received := range v.rows {
		if v.dead(r, received) {
			delete(v.rows, r)
		}
	}
}

func (v *view) dead(r row, received int64) bool { return r.seq <= v.line || received < v.decided }

// reply returns what is visible in the shape of Chat's own read: the greatest row above the last clear decides for
// its key, and where there is neither, the base.
func (v *view) reply() msgext.ReadReply {
	latest, cleared := v.base.LatestSeq, int64(0)
	for r := range v.rows {
		latest = max(latest, r.seq)
		if r.clear {
			cleared = max(cleared, r.seq)
		}
	}
	newest := make(map[string]row)
	for r := range v.rows {
		if have, ok := newest[r.key]; !r.clear && r.seq > cleared && (!ok || r.compare(have) > 0) {
			newest[r.key] = r
		}
	}
	visible := []msgext.KeyValue{}
	for key, r := range newest {
		if !r.deleted {
			visible = append(visible, msgext.KeyValue{Key: key, Value: r.value, Seq: r.seq})
		}
	}
	if cleared == 0 {
		for _, kv := range v.base.ExtensionList {
			if _, ok := newest[kv.Key]; !ok {
				visible = append(visible, kv)
			}
		}
	}
	slices.SortFunc(visible, func(a, b msgext.KeyValue) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Key, b.Key))
	})
	return msgext.NewReadReply(latest, cmp.Or(cleared, v.base.ClearSeq), visible)
}
