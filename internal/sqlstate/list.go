package sqlstate

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// errCursor is the error for a cursor that these lists did not make.
var errCursor = errors.New("sqlstate: not a cursor of this list")

// Due implements state.Store. It reads the table itself, so the index never lags.
func (s *Store) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	from, id, err := parseDueCursor(after)
	if err != nil {
		return state.Page{}, err
	}
	arguments := []any{int(lane), before.UnixMilli(), from, id, limit}
	heads, ids, err := s.list(ctx, Statement{s.sql.due, arguments}, Statement{s.sql.dueSeen, arguments})
	if err != nil {
		return state.Page{}, err
	}
	page := state.Page{Heads: heads, Next: after, More: len(heads) == limit}
	if n := len(heads); n > 0 {
		page.Next = dueCursor(heads[n-1].Check.Due.UnixMilli(), ids[n-1])
	}
	return page, nil
}

func dueCursor(due int64, id []byte) state.Cursor {
	return state.Cursor(strconv.FormatInt(due, 10) + " " + hex.EncodeToString(id))
}

func parseDueCursor(c state.Cursor) (due int64, id []byte, err error) {
	if c == "" {
		return 0, []byte{}, nil
	}
	millis, digits, _ := strings.Cut(string(c), " ")
	due, err = strconv.ParseInt(millis, 10, 64)
	if err != nil {
		return 0, nil, errCursor
	}
	if id, err = hex.DecodeString(digits); err != nil {
		return 0, nil, errCursor
	}
	return due, id, nil
}

// Each implements state.Store, in the order of ids. Ids are digests, so a message's place in the
// order is random.
func (s *Store) Each(ctx context.Context, after state.Cursor, limit int) (state.Page, error) {
	id, err := hex.DecodeString(string(after))
	if n, ok := after.Somewhere(); ok {
		id, err = binary.BigEndian.AppendUint64(nil, n), nil
	}
	if err != nil {
		return state.Page{}, errCursor
	}
	arguments := []any{id, limit}
	heads, ids, err := s.list(ctx, Statement{s.sql.each, arguments}, Statement{s.sql.eachSeen, arguments})
	if err != nil {
		return state.Page{}, err
	}
	page := state.Page{Heads: heads, Next: after, More: len(heads) == limit}
	if n := len(ids); n > 0 {
		page.Next = state.Cursor(hex.EncodeToString(ids[n-1]))
	}
	return page, nil
}

// list reads heads with their ids, and the versions that were seen of each.
func (s *Store) list(ctx context.Context, rows, seen Statement) (heads []state.Head, ids [][]byte, err error) {
	index := make(map[string]int) // of heads, by id
	err = s.database.Read(ctx, []Query{
		{rows, func(scan func(...any) error) error {
			var row head
			var id []byte
			var m msgext.Message
			if err := scan(append(row.fields(), &id, &m.SDKAppID, &m.GroupID, &m.MsgSeq, &m.From, &m.To, &m.MsgKey)...); err != nil {
				return err
			}
			for _, text := range []*string{&m.SDKAppID, &m.GroupID, &m.From, &m.To, &m.MsgKey} {
				*text = decode(*text)
			}
			index[string(id)] = len(heads)
			heads = append(heads, state.Head{Message: m, Progress: row.progress, Check: row.check()})
			ids = append(ids, id)
			return nil
		}},
		{seen, func(scan func(...any) error) error {
			var id []byte
			var version int64
			if err := scan(&id, &version); err != nil {
				return err
			}
			at, ok := index[string(id)]
			if !ok {
				return fmt.Errorf("sqlstate: a version of a message that is not in the list")
			}
			progress := &heads[at].Progress
			progress.Seen = append(progress.Seen, version)
			return nil
		}},
	})
	for i := range heads {
		// Moves the floor past the versions that were seen.
		heads[i].Progress.RaiseFloor(heads[i].Progress.Floor)
	}
	return heads, ids, err
}

// Count implements state.Store.
func (s *Store) Count(ctx context.Context, limit int) (state.Counts, error) {
	var counts state.Counts
	err := s.database.Read(ctx, []Query{{Statement{s.sql.count, []any{limit}}, func(scan func(...any) error) error {
		var first, retry *int64
		if err := scan(&counts.Open, &counts.Stuck, &first, &retry); err != nil {
			return err
		}
		for _, due := range []time.Time{moment(first), moment(retry)} {
			if !due.IsZero() && (counts.OldestDue.IsZero() || due.Before(counts.OldestDue)) {
				counts.OldestDue = due
			}
		}
		return nil
	}}})
	return counts, err
}
