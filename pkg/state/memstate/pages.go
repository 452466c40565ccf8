package memstate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/state"
)

var errCursor = errors.New("memstate: not a cursor of this list")

// Due implements state.Store.
func (s *Store) Due(ctx context.Context, lane state.Lane, before time.Time, after state.Cursor, limit int) (state.Page, error) {
	if err := ctx.Err(); err != nil {
		return state.Page{}, err
	}
	from, err := parsePlace(after)
	if err != nil {
		return state.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.catchUp()
	waiting := s.index.after(lane, from, state.Milliseconds(before))
	page := state.Page{More: len(waiting) > limit, Next: after}
	for _, p := range waiting[:min(limit, len(waiting))] {
		page.Next = p.cursor()
		r := s.records[p.of.message]
		if r != nil && r.Check.IsDue(before) {
			page.Heads = append(page.Heads, r.head())
		}
	}
	return page, nil
}

// cursor returns the place as text: the due time and the path.
func (p place) cursor() state.Cursor { return state.Cursor(fmt.Sprintf("%d %s", p.due, p.path)) }

func parsePlace(c state.Cursor) (place, error) {
	if c == "" {
		return place{}, nil
	}
	due, path, ok := strings.Cut(string(c), " ")
	millis, err := strconv.ParseInt(due, 10, 64)
	if !ok || err != nil {
		return place{}, errCursor
	}
	return place{due: millis, path: path}, nil
}

// Each implements state.Store, in the order of paths.
func (s *Store) Each(ctx context.Context, after state.Cursor, limit int) (state.Page, error) {
	if err := ctx.Err(); err != nil {
		return state.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*record, 0, len(s.records))
	for _, r := range s.records {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *record) int { return strings.Compare(a.path, b.path) })
	first, found := slices.BinarySearchFunc(all, string(after), func(r *record, path string) int { return strings.Compare(r.path, path) })
	if found {
		first++
	}
	if n, ok := after.Somewhere(); ok {
		first = int(n % uint64(max(1, len(all))))
	}
	left := all[first:]
	page := state.Page{More: len(left) > limit, Next: after}
	for _, r := range left[:min(limit, len(left))] {
		page.Heads = append(page.Heads, r.head())
		page.Next = state.Cursor(r.path)
	}
	return page, nil
}

// Count implements state.Store.
func (s *Store) Count(ctx context.Context, limit int) (state.Counts, error) {
	if err := ctx.Err(); err != nil {
		return state.Counts{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index.catchUp()
	counts := state.Counts{Open: min(limit, s.counts[state.Open]), Stuck: min(limit, s.counts[state.Stuck])}
	for _, lane := range []state.Lane{state.FirstChecks, state.Retries} {
		if waiting := s.index.lanes[lane]; len(waiting) > 0 {
			if due := state.Moment(waiting[0].due); counts.OldestDue.IsZero() || due.Before(counts.OldestDue) {
				counts.OldestDue = due
			}
		}
	}
	return counts, nil
}
