package sqlstate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Load implements state.Store.
func (s *Store) Load(ctx context.Context, message msgext.Message) (state.Record, error) {
	var record state.Record
	found := false
	path := []any{message.Path()}
	err := s.database.Read(ctx, Statement{s.sql.load, path}, func(scan func(...any) error) error {
		found = true
		var base *string
		var read, baseClear int64
		head := head{}
		if err := scan(append(head.fields(), &record.State.Clear, &read, &base, &baseClear)...); err != nil {
			return err
		}
		record.State.Progress, record.Check = head.progress, head.check()
		if base == nil {
			return nil
		}
		snapshot, err := decodeBase(*base)
		if err != nil {
			return err
		}
		snapshot.Latest, snapshot.Clear = read, baseClear
		record.State.Base = &snapshot
		return nil
	})
	if err != nil {
		return state.Record{}, err
	}
	if !found {
		return state.Record{}, state.ErrNotFound
	}
	err = s.database.Read(ctx, Statement{s.sql.loadEntries, path}, func(scan func(...any) error) error {
		var key string
		var entry msgext.Entry
		var deleted int
		if err := scan(&key, &entry.Seq, &deleted, &entry.Value); err != nil {
			return err
		}
		if record.State.Entries == nil {
			record.State.Entries = make(map[string]msgext.Entry)
		}
		entry.Deleted, entry.Value = deleted != 0, unescape(entry.Value)
		record.State.Entries[unescape(key)] = entry
		return nil
	})
	if err != nil {
		return state.Record{}, err
	}
	err = s.database.Read(ctx, Statement{s.sql.loadSeen, path}, func(scan func(...any) error) error {
		var version int64
		if err := scan(&version); err != nil {
			return err
		}
		record.State.Seen = append(record.State.Seen, version)
		return nil
	})
	return record, err
}

// Due implements state.Store.
func (s *Store) Due(ctx context.Context, before time.Time, limit int) ([]state.Head, error) {
	var heads []state.Head
	byPath := make(map[string]*msgext.Progress)
	arguments := []any{before.UnixMilli(), limit}
	err := s.database.Read(ctx, Statement{s.sql.due, arguments}, func(scan func(...any) error) error {
		var path string
		head := head{}
		if err := scan(append(head.fields(), &path)...); err != nil {
			return err
		}
		message, err := msgext.ParsePath(path)
		if err != nil {
			return fmt.Errorf("sqlstate: %w", err)
		}
		heads = append(heads, state.Head{Message: message, Progress: head.progress, Check: head.check()})
		return nil
	})
	if err != nil || len(heads) == 0 {
		return nil, err
	}
	for i := range heads {
		byPath[heads[i].Message.Path()] = &heads[i].Progress
	}
	err = s.database.Read(ctx, Statement{s.sql.dueSeen, arguments}, func(scan func(...any) error) error {
		var path string
		var version int64
		if err := scan(&path, &version); err != nil {
			return err
		}
		if progress, ok := byPath[path]; ok {
			progress.Seen = append(progress.Seen, version)
		}
		return nil
	})
	return heads, err
}

// head is the columns of messages that make a state.Head.
type head struct {
	progress               msgext.Progress
	revision, heard, tries int64
	told                   int
	due, aheadSince        *int64
}

// fields are where the columns named in headColumns are scanned into.
func (h *head) fields() []any {
	return []any{&h.progress.Latest, &h.progress.Floor, &h.revision, &h.heard, &h.due, &h.tries, &h.told, &h.aheadSince}
}

func (h *head) check() state.Check {
	return state.Check{
		Revision: h.revision, Heard: moment(&h.heard), Due: moment(h.due),
		Tries: int(h.tries), Told: h.told != 0, AheadSince: moment(h.aheadSince),
	}
}

func decodeBase(text string) (msgext.Snapshot, error) {
	var snapshot msgext.Snapshot
	if err := json.Unmarshal([]byte(text), &snapshot.KeyValues); err != nil {
		return msgext.Snapshot{}, fmt.Errorf("sqlstate: decode base: %w", err)
	}
	for i, kv := range snapshot.KeyValues {
		snapshot.KeyValues[i].Key, snapshot.KeyValues[i].Value = unescape(kv.Key), unescape(kv.Value)
	}
	return snapshot, nil
}

// moment turns Unix milliseconds into a time; NULL and 0 are the zero time.
func moment(millis *int64) time.Time {
	if millis == nil || *millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(*millis).UTC()
}

// milliseconds is the inverse of moment.
func milliseconds(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
