package consumer

import (
	"cmp"
	"slices"
	"strings"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// View is the state of one message. The zero value is the state before the first event. Its fields
// are exported only to be stored as JSON, and must be changed only by its methods. It is not safe
// for concurrent use.
type View struct {
	// Base is the read with the greatest number.
	Base Read `json:"base"`

	// Line is the greatest LatestSeq of any read. Versions up to it are decided.
	Line int64 `json:"line"`

	// Decided is the greatest DecidedBefore of any read, in Unix milliseconds. Everything that
	// msgext received before it is decided.
	Decided int64 `json:"decided"`

	// Log has the changes that no read has decided, by key. A clear is a row under the key "",
	// which no key-value has.
	Log map[string][]Row `json:"log,omitempty"`
}

// Read is a message as read from Chat.
type Read struct {
	Number    int64             `json:"number"` // greater is newer
	Latest    int64             `json:"latest"`
	Clear     int64             `json:"clear"`
	KeyValues []msgext.KeyValue `json:"key_values,omitempty"`

	// Unread says that the list did not fit into the event and has not been read yet, see
	// View.Complete.
	Unread bool `json:"unread,omitempty"`
}

// Row is one change of a key.
type Row struct {
	Seq            int64  `json:"seq"`
	Deleted        bool   `json:"deleted,omitempty"`
	Value          string `json:"value,omitempty"`
	ReceivedMillis int64  `json:"received"`
}

// compare orders the rows of one key: the greatest decides. It compares versions first. Rows of the
// same version, which only a forgery causes, are ordered by the rules of the stores.
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

// Take takes in an event about this message. The caller must choose the View by the event's
// PartitionKey. Its errors are those of cloudevent.Event's Change and Truth, and leave the View
// unchanged.
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

// TakeChange takes in a change that msgext received at the given time, in Unix milliseconds.
func (v *View) TakeChange(change msgext.Event, receivedMillis int64) {
	if change.Operation == msgext.Clear {
		v.put("", Row{Seq: change.Seq, ReceivedMillis: receivedMillis})
		return
	}
	for key, entry := range change.Entries {
		v.put(key, Row{Seq: entry.Seq, Deleted: entry.Deleted, Value: entry.Value, ReceivedMillis: receivedMillis})
	}
}

// TakeRead takes in a read of Chat.
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

// Complete adds the list to the read with that number, which Base has with Unread. The list is the
// answer of the read function or of Chat to a request made after that event came. Complete does
// nothing if another read has arrived in the meantime.
func (v *View) Complete(number int64, list []msgext.KeyValue) {
	if v.Base.Unread && v.Base.Number == number {
		v.Base.KeyValues, v.Base.Unread = list, false
	}
}

// dead reports whether a read has decided a row. Either the read has at least that version, or it
// began long enough after the webhook was received that it would have shown a true change.
func (v *View) dead(r Row) bool { return r.Seq <= v.Line || r.ReceivedMillis < v.Decided }

// put adds a row of a key, unless it is dead or another row makes it useless: a greater row that
// was received no earlier. It removes the rows that the new one makes useless. All other rows stay,
// including deletions, because a read may show that a greater one was a forgery.
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

// Reply returns what to show, in the shape of Chat's own read, sorted by Seq, then Key. While Base
// is Unread it is incomplete and its CompleteFlag is 0, until Complete is called.
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

// greatest returns the row that decides, the zero Row if there is none. No row of Log is dead.
func greatest(rows []Row) Row {
	if len(rows) == 0 {
		return Row{}
	}
	return slices.MaxFunc(rows, Row.compare)
}
