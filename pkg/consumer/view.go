package consumer

import (
	"cmp"
	"slices"
	"strings"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// View is what is kept of one message. The zero value knows nothing. Its fields are there to be
// stored as JSON, and change through its methods alone. It is not safe for concurrent use.
type View struct {
	// Base is the read of the greatest number.
	Base Read `json:"base"`

	// Line is the greatest LatestSeq of any read: what is at or below it is decided.
	Line int64 `json:"line"`

	// Decided is the greatest DecidedBefore of any read, in Unix milliseconds: what msgext received
	// before it is decided.
	Decided int64 `json:"decided"`

	// Log has what changes said and no read has decided, by key; a clear is a row under the key "",
	// which no key-value has.
	Log map[string][]Row `json:"log,omitempty"`
}

// Read is a message as it was read from Chat.
type Read struct {
	Number    int64             `json:"number"` // greater is newer
	Latest    int64             `json:"latest"`
	Clear     int64             `json:"clear"`
	KeyValues []msgext.KeyValue `json:"key_values,omitempty"`

	// Unread says that the list did not fit into the event, and is still to be read, see
	// View.Complete.
	Unread bool `json:"unread,omitempty"`
}

// Row is one thing that a change said of a key.
type Row struct {
	Seq            int64  `json:"seq"`
	Deleted        bool   `json:"deleted,omitempty"`
	Value          string `json:"value,omitempty"`
	ReceivedMillis int64  `json:"received"`
}

// compare is the order in which rows of one key decide: by version; under the same one, which only
// a forgery has, by the rules by which the stores decide.
func (r Row) compare(other Row) int {
	return cmp.Or(cmp.Compare(r.Seq, other.Seq), compareBool(r.Deleted, other.Deleted), strings.Compare(r.Value, other.Value))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Take takes in an event about this message. Which one it is about, its PartitionKey says. Its
// errors are those of cloudevent.Event's Change and Truth; after one the View is as before.
func (v *View) Take(event cloudevent.Event) error {
	if event.IsRepaired() || event.IsGone() {
		_, truth, err := event.Truth()
		if err != nil {
			return err
		}
		v.TakeRead(truth)
		return nil
	}
	change, err := event.Change()
	if err != nil {
		return err
	}
	v.TakeChange(change, event.ReceivedMillis())
	return nil
}

// TakeChange takes in a change that msgext received at a given time, in Unix milliseconds.
func (v *View) TakeChange(change msgext.Event, receivedMillis int64) {
	if change.Operation == msgext.Clear {
		v.put("", Row{Seq: change.Seq, ReceivedMillis: receivedMillis})
		return
	}
	for key, entry := range change.Entries {
		v.put(key, Row{Seq: entry.Seq, Deleted: entry.Deleted, Value: entry.Value, ReceivedMillis: receivedMillis})
	}
}

// TakeRead takes in what was read from Chat.
func (v *View) TakeRead(truth cloudevent.Truth) {
	v.Line, v.Decided = max(v.Line, truth.LatestSeq), max(v.Decided, truth.DecidedBefore)
	if truth.ReadNumber > v.Base.Number || truth.ReadNumber == v.Base.Number && v.Base.Unread {
		v.Base = Read{
			Number: truth.ReadNumber, Latest: truth.LatestSeq, Clear: truth.ClearSeq,
			KeyValues: truth.ExtensionList, Unread: truth.CompleteFlag == 0,
		}
	}
	for key, rows := range v.Log {
		v.keep(key, slices.DeleteFunc(rows, v.dead))
	}
}

// Complete gives the read of a number, which Base has with Unread, its list: what the read function
// or Chat answers when asked after that event came. It does nothing if another read has come
// meanwhile.
func (v *View) Complete(number int64, list []msgext.KeyValue) {
	if v.Base.Unread && v.Base.Number == number {
		v.Base.KeyValues, v.Base.Unread = list, false
	}
}

// dead reports whether a read has decided a row: it has read at least that version, or began long
// enough after the webhook was received to have seen it, had it been true.
func (v *View) dead(r Row) bool { return r.Seq <= v.Line || r.ReceivedMillis < v.Decided }

// put keeps a row of a key, unless it is dead or another row outlives it: one that decides over it,
// and was received as late. It forgets the rows that it outlives. All others stay, deletions among
// them, because a read may prove the greater one to be a forgery.
func (v *View) put(key string, r Row) {
	if v.dead(r) {
		return
	}
	rows := v.Log[key]
	for _, other := range rows {
		if other.compare(r) >= 0 && other.ReceivedMillis >= r.ReceivedMillis {
			return
		}
	}
	rows = slices.DeleteFunc(rows, func(other Row) bool {
		return r.compare(other) >= 0 && r.ReceivedMillis >= other.ReceivedMillis
	})
	v.keep(key, append(rows, r))
}

func (v *View) keep(key string, rows []Row) {
	if len(rows) == 0 {
		delete(v.Log, key)
		return
	}
	if v.Log == nil {
		v.Log = make(map[string][]Row)
	}
	v.Log[key] = rows
}

// Reply returns what there is to show, in the shape of Chat's own read: sorted by Seq, then Key.
// Where Base is Unread, it is complete only after Complete, and its CompleteFlag is 0 until then.
func (v *View) Reply() msgext.ReadReply {
	latest, cleared := v.Base.Latest, greatest(v.Log[""]).Seq
	latest = max(latest, cleared)
	visible := []msgext.KeyValue{}
	decides := make(map[string]bool, len(v.Log))
	for key, rows := range v.Log {
		row := greatest(rows)
		latest = max(latest, row.Seq)
		if key == "" || row.Seq <= cleared {
			continue
		}
		decides[key] = true
		if !row.Deleted {
			visible = append(visible, msgext.KeyValue{Key: key, Value: row.Value, Seq: row.Seq})
		}
	}
	if cleared == 0 {
		for _, kv := range v.Base.KeyValues {
			if !decides[kv.Key] {
				visible = append(visible, kv)
			}
		}
	}
	slices.SortFunc(visible, func(a, b msgext.KeyValue) int {
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), strings.Compare(a.Key, b.Key))
	})
	reply := msgext.NewReadReply(latest, cmp.Or(cleared, v.Base.Clear), visible)
	if v.Base.Unread && cleared == 0 {
		reply.CompleteFlag = 0
	}
	return reply
}

// greatest returns the row that decides, the zero Row for none. No row of Log is dead.
func greatest(rows []Row) Row {
	if len(rows) == 0 {
		return Row{}
	}
	return slices.MaxFunc(rows, Row.compare)
}
