package sqlstate

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json" // takes a third of encoding/json's time

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// errRow says that this package did not write the content of a row.
var errRow = errors.New("sqlstate: a read is not of the form that is written here")

// Load implements state.Store.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	var record state.Record
	found := false
	id := []any{idOf(message)}
	err := s.database.Read(ctx, []Query{
		{Statement{s.sql.load, id}, func(scan func(...any) error) error {
			found = true
			var row head
			err := scan(append(row.fields(), &record.State.Clear, &record.State.Line)...)
			record.State.Progress, record.Check = row.progress, row.check()
			return err
		}},
		{Statement{s.sql.loadSeen, id}, func(scan func(...any) error) error {
			var version int64
			err := scan(&version)
			record.State.Seen = append(record.State.Seen, version)
			return err
		}},
		{Statement{s.sql.loadEntries, id}, entries(&record.State)},
		{Statement{s.sql.loadRead, id}, func(scan func(...any) error) error {
			return scanBase(scan, &record.State)
		}},
	})
	if err != nil {
		return state.Record{}, err
	}
	if !found {
		return state.Record{}, state.ErrNotFound
	}
	record.State.RaiseFloor(record.State.Floor) // moves the floor past the versions that were seen
	return record, nil
}

// entries returns the function that takes in rows of entries. The rows share their destinations,
// because a message may have hundreds.
func entries(s *msgext.State) func(scan func(...any) error) error {
	var key, value string
	var seq, deleted int64
	into := []any{&key, &seq, &deleted, &value}
	return func(scan func(...any) error) error {
		if err := scan(into...); err != nil {
			return err
		}
		if s.Entries == nil {
			s.Entries = make(map[string]msgext.Entry)
		}
		s.Entries[decode(key)] = msgext.Entry{Seq: seq, Deleted: deleted != 0, Value: decode(value)}
		return nil
	}
}

func scanBase(scan func(...any) error, s *msgext.State) error {
	var base msgext.Snapshot
	var text string
	if err := scan(&base.Number, &base.Latest, &base.Clear, &text); err != nil {
		return err
	}
	if json.Unmarshal([]byte(text), &base.KeyValues) != nil {
		return errRow // without the cause, which could quote a value
	}
	for i, kv := range base.KeyValues {
		base.KeyValues[i].Key, base.KeyValues[i].Value = decode(kv.Key), decode(kv.Value)
	}
	s.Base = &base
	return nil
}

// head holds the columns of msgext_messages that make a state.Head.
type head struct {
	progress                                    msgext.Progress
	revision, heard, announced, tries, told     int64
	doubted, aheadOver, droppedAt, gaveUp, gone int64
	due, aheadSince                             *int64
}

// fields returns the destinations into which headColumns are scanned.
func (h *head) fields() []any {
	return []any{
		&h.progress.Latest, &h.progress.Floor, &h.revision, &h.heard, &h.announced, &h.due, &h.tries, &h.told, &h.doubted,
		&h.aheadSince, &h.aheadOver, &h.droppedAt, &h.gaveUp, &h.gone,
	}
}

func (h *head) check() state.Check {
	return state.Check{
		Revision: h.revision, Heard: state.Moment(h.heard), Announced: state.Moment(h.announced), Due: moment(h.due),
		Tries: int(h.tries), SinksUpToDate: h.told != 0, Doubted: h.doubted,
		AheadSince: moment(h.aheadSince), AheadOver: h.aheadOver, DroppedAt: state.Moment(h.droppedAt),
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
