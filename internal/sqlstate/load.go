package sqlstate

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json" // takes a third of encoding/json's time

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// errRow says that this package did not write the content of a row.
var errRow = errors.New("sqlstate: a read is not of the form that is written here")

// Kinds of rows of the statement load. That of an entry is whether it is deleted.
const (
	kindEntry int64 = iota
	kindDeleted
	kindSeen
	kindRead
	kindMessage
)

// load selects everything about a message. It is one statement, because one has a snapshot of its
// own, and a server takes some time for each statement. Most rows are entries. So the numbers of the
// other rows are a text and not columns, which each row would have.
const load = `SELECT e.deleted AS kind, e.seq AS seq, e."key" AS "key", e.value AS value
		FROM msgext_entries e WHERE e.message = ?1
	UNION ALL SELECT CAST(2 AS smallint), s.version, '', '' FROM msgext_seen s WHERE s.message = ?1
	UNION ALL SELECT CAST(3 AS smallint), r.number, '', concat_ws(' ', r.latest, r.clear, r.key_values)
		FROM msgext_reads r WHERE r.message = ?1
	UNION ALL SELECT CAST(4 AS smallint), m.revision, '', concat_ws(' ', ` + headColumns + `, m.clear, m.line)
		FROM msgext_messages m WHERE m.id = ?1`

// Load implements state.Store.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	var all loaded
	var kind, seq int64
	var key, value string
	into := []any{&kind, &seq, &key, &value} // all rows share it, because a message may have hundreds
	err := s.database.Read(ctx, []Query{{Statement{s.sql.load, []any{idOf(message)}}, func(scan func(...any) error) error {
		if err := scan(into...); err != nil {
			return err
		}
		return all.take(kind, seq, key, value)
	}}})
	if err != nil {
		return state.Record{}, err
	}
	return all.result()
}

// loaded is what the rows of load have given so far.
type loaded struct {
	record  state.Record
	found   bool
	keys    []string
	entries []msgext.Entry // of the keys
}

func (l *loaded) take(kind, seq int64, key, value string) (err error) {
	s := &l.record.State
	switch kind {
	case kindEntry, kindDeleted:
		l.keys = append(l.keys, decode(key))
		l.entries = append(l.entries, msgext.Entry{Seq: seq, Deleted: kind == kindDeleted, Value: decode(value)})
	case kindSeen:
		s.Seen = append(s.Seen, seq)
	case kindRead:
		s.Base, err = decodeBase(seq, value)
	case kindMessage:
		l.found = true
		var row head
		if err := numbers(value, append(row.numbers(), &s.Clear, &s.Line)); err != nil {
			return err
		}
		s.Latest, s.Floor, l.record.Check = row.progress.Latest, row.progress.Floor, row.check()
	}
	return err
}

func (l *loaded) result() (state.Record, error) {
	if !l.found {
		return state.Record{}, state.ErrNotFound
	}
	s := &l.record.State
	if len(l.keys) > 0 {
		s.Entries = make(map[string]msgext.Entry, len(l.keys))
	}
	for i, key := range l.keys {
		s.Entries[key] = l.entries[i]
	}
	slices.Sort(s.Seen)
	s.RaiseFloor(s.Floor) // moves the floor past the versions that were seen
	return l.record, nil
}

// numbers reads numbers that are separated by spaces.
func numbers(text string, into []*int64) (err error) {
	for _, number := range into {
		var digits string
		digits, text, _ = strings.Cut(text, " ")
		if *number, err = strconv.ParseInt(digits, 10, 64); err != nil {
			return errRow
		}
	}
	return nil
}

// decodeBase reads a read from its number, and from the text of its latest, its clear and its
// key-values.
func decodeBase(number int64, text string) (*msgext.Snapshot, error) {
	base := msgext.Snapshot{Number: number}
	at := strings.IndexByte(text, '[')
	if at < 0 || numbers(text[:at], []*int64{&base.Latest, &base.Clear}) != nil || json.Unmarshal([]byte(text[at:]), &base.KeyValues) != nil {
		return nil, errRow // without the cause, which could quote a value
	}
	for i, kv := range base.KeyValues {
		base.KeyValues[i].Key, base.KeyValues[i].Value = decode(kv.Key), decode(kv.Value)
	}
	return &base, nil
}

// head holds the columns of msgext_messages that make a state.Head. A time that is NULL, or 0 as no
// real time is written, is the zero time.
type head struct {
	progress                                    msgext.Progress
	revision, heard, announced, tries, told     int64
	doubted, aheadOver, droppedAt, gaveUp, gone int64
	due, aheadSince                             int64
}

// numbers returns where the numbers of headColumns go.
func (h *head) numbers() []*int64 {
	return []*int64{
		&h.progress.Latest, &h.progress.Floor, &h.revision, &h.heard, &h.announced, &h.due, &h.tries, &h.told, &h.doubted,
		&h.aheadSince, &h.aheadOver, &h.droppedAt, &h.gaveUp, &h.gone,
	}
}

// fields returns the destinations into which headColumns are scanned.
func (h *head) fields() []any {
	fields := make([]any, 0, 24)
	for _, number := range h.numbers() {
		fields = append(fields, number)
	}
	return fields
}

func (h *head) check() state.Check {
	return state.Check{
		Revision: h.revision, Heard: state.Moment(h.heard), Announced: state.Moment(h.announced), Due: state.Moment(h.due),
		Tries: int(h.tries), SinksUpToDate: h.told != 0, Doubted: h.doubted,
		AheadSince: state.Moment(h.aheadSince), AheadOver: h.aheadOver, DroppedAt: state.Moment(h.droppedAt),
		GaveUp: h.gaveUp != 0, Gone: h.gone != 0,
	}
}

// moment is the inverse of milliseconds. A stored 0 stands for the zero time, because no real time
// is written as 0.
func moment(millis *int64) time.Time {
	if millis == nil {
		return time.Time{}
	}
	return state.Moment(*millis)
}
