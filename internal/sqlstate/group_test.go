package sqlstate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sqlstate"
)

// slow is a database whose transactions take one second of simulated time.
type slow struct {
	mu     sync.Mutex
	groups []string // the messages of each transaction
	busy   map[string]bool
	fails  string // a transaction with this message fails
	ended  []error

	locked   string        // a transaction with this message waits
	lockWait time.Duration // and fails if it has several; 0 for as long as its context lasts
}

// wait returns when a transaction ends, if it is not cancelled.
func (s *slow) wait(messages map[string]bool) <-chan time.Time {
	switch {
	case !messages[s.locked]:
		return time.After(time.Second)
	case s.lockWait > 0 && len(messages) > 1:
		return time.After(s.lockWait)
	}
	return nil
}

var errRefused = errors.New("refused")

func (s *slow) commit(ctx context.Context, writes []sqlstate.Write) (rows [][]int64, err error) {
	messages := make(map[string]bool)
	names := ""
	for _, write := range writes {
		name := string(write.Message)
		names += name
		messages[name] = true
		rows = append(rows, []int64{int64(name[0])})
	}
	s.mu.Lock()
	s.groups = append(s.groups, names)
	for name := range messages {
		if s.busy[name] {
			err = errors.New("two transactions have one message")
		}
		s.busy[name] = true
	}
	wait := s.wait(messages)
	s.mu.Unlock()
	select {
	case <-wait:
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, err)
	for name := range messages {
		delete(s.busy, name)
	}
	if s.fails != "" && messages[s.fails] || s.locked != "" && messages[s.locked] && err == nil {
		return nil, errRefused
	}
	return rows, err
}

// The writes come one after the other, but all while the first transaction runs.
func write(t *testing.T, s *slow, messages string, contexts map[string]context.Context, argument string) map[string]error {
	t.Helper()
	s.busy = make(map[string]bool)
	group := sqlstate.NewGroup(s.commit)
	errs := make(map[string]error)
	var all sync.WaitGroup
	for _, name := range strings.Split(messages, "") {
		ctx := t.Context()
		if contexts[name] != nil {
			ctx = contexts[name]
		}
		all.Go(func() {
			rows, err := group.Write(ctx, sqlstate.Write{Message: []byte(name), Statements: []sqlstate.Statement{{SQL: "UPDATE", Args: []any{argument}}}})
			if err == nil {
				assert.Equal(t, []int64{int64(name[0])}, rows, "its own")
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			errs[name] = err
		})
		synctest.Wait()
	}
	all.Wait()
	return errs
}

func TestGroup(t *testing.T) {
	tests := []struct {
		name, messages string
		argument       string
		want           []string
		took           time.Duration
	}{
		{"one is written at once", "a", "", []string{"a"}, time.Second},
		{"four are written at once", "abcd", "", []string{"a", "b", "c", "d"}, time.Second},
		{"who comes meanwhile shares one transaction", "abcdefgh", "", []string{"a", "b", "c", "d", "efgh"}, 2 * time.Second},
		{"writes to one message follow one another, and share", "aaaa", "", []string{"a", "aaa"}, 2 * time.Second},
		{"who waits for a message holds nobody up", "aab", "", []string{"a", "b", "a"}, 2 * time.Second},
		{"a transaction has no more bytes than it may", "abcdefgh", strings.Repeat("v", 100<<10), []string{"a", "b", "c", "d", "ef", "gh"}, 2 * time.Second},
		{"what is larger is written alone", "abcdef", strings.Repeat("v", 1<<20), []string{"a", "b", "c", "d", "e", "f"}, 2 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, began := new(slow), time.Now()
				for name, err := range write(t, s, test.messages, nil, test.argument) {
					assert.NoError(t, err, name)
				}
				assert.ElementsMatch(t, test.want, s.groups)
				assert.Equal(t, test.took, time.Since(began))
			})
		})
	}
}

func TestGroup_WhatFailsTakesNobodyWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{fails: "f"}
		errs := write(t, s, "abcdefg", nil, "")
		require.Len(t, errs, 7)
		for name, err := range errs {
			if name == "f" {
				assert.ErrorIs(t, err, errRefused)
			} else {
				assert.NoError(t, err, name)
			}
		}
		assert.Equal(t, []string{"a", "b", "c", "d", "efg"}, s.groups[:5])
		assert.ElementsMatch(t, []string{"e", "f", "g"}, s.groups[5:])
	})
}

// Where a database stops waiting for a lock in time, nobody but the locked message's writers notices.
// The others of its group are answered before those are.
func TestGroup_ALockedMessageHoldsItselfUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{locked: "f", lockWait: time.Second / 4}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		soon, cancelSoon := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancelSoon()
		began := time.Now()
		errs := write(t, s, "abcdefgfhi", map[string]context.Context{"f": ctx, "e": soon, "g": soon, "h": soon, "i": soon}, "")
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.ErrorIs(t, errs["f"], context.DeadlineExceeded)
		delete(errs, "f")
		for name, err := range errs {
			assert.NoError(t, err, name)
		}
		assert.Equal(t, []string{"a", "b", "c", "d", "effghi"}, s.groups[:5])
		assert.ElementsMatch(t, []string{"e", "f", "g", "h", "i"}, s.groups[5:], "the second f's time is up with the first's")
	})
}

// Where a database waits for a lock for longer than callers wait, a locked message takes the others
// of its group with it once. Its next writes are set apart from theirs, until one is committed.
func TestGroup_ALockedMessageIsSetApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{locked: "f", busy: make(map[string]bool)}
		group := sqlstate.NewGroup(s.commit)
		round := func(messages string) (failed string) {
			s.groups = nil
			errs := make(map[string]error)
			var mu sync.Mutex
			var all sync.WaitGroup
			for _, name := range strings.Split(messages, "") {
				all.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					defer cancel()
					_, err := group.Write(ctx, sqlstate.Write{Message: []byte(name)})
					mu.Lock()
					defer mu.Unlock()
					errs[name] = err
				})
				synctest.Wait()
			}
			all.Wait()
			synctest.Wait()
			for _, name := range strings.Split(messages, "") {
				if errs[name] != nil {
					failed += name
				}
			}
			return failed
		}
		assert.Equal(t, "efg", round("abcdefg"))
		assert.Equal(t, []string{"a", "b", "c", "d", "efg"}, s.groups)
		assert.Equal(t, "ff", round("abcdffehig"), "each of a failed group alone")
		assert.ElementsMatch(t, []string{"a", "b", "c", "d", "ff", "e", "g", "hi"}, s.groups)
		assert.Equal(t, "f", round("abcdfghe"), "the others have been committed since")
		assert.ElementsMatch(t, []string{"a", "b", "c", "d", "f", "egh"}, s.groups)

		s.locked = ""
		assert.Empty(t, round("abcdfghe"))
		assert.ElementsMatch(t, []string{"a", "b", "c", "d", "f", "egh"}, s.groups)
		assert.Empty(t, round("abcdfghe"))
		assert.ElementsMatch(t, []string{"a", "b", "c", "d", "efgh"}, s.groups, "it is one of them again")
	})
}

// Versions of a message that come together are written in their order, whatever the order in which
// they come.
func TestGroup_WritesVersionsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var groups [][]int64
		group := sqlstate.NewGroup(func(_ context.Context, writes []sqlstate.Write) ([][]int64, error) {
			var versions []int64
			for _, write := range writes {
				versions = append(versions, write.Version)
			}
			groups = append(groups, versions)
			time.Sleep(time.Second)
			return make([][]int64, len(writes)), nil
		})
		var all sync.WaitGroup
		for _, version := range []int64{1, 5, 2, 4, 3} {
			all.Go(func() {
				_, err := group.Write(t.Context(), sqlstate.Write{Message: []byte("m"), Version: version})
				assert.NoError(t, err)
			})
			synctest.Wait()
		}
		all.Wait()
		assert.Equal(t, [][]int64{{1}, {2, 3, 4, 5}}, groups)
	})
}

// A caller whose context ends is answered at once, and no other fails with it. A transaction is
// cancelled when the last caller has stopped waiting.
func TestGroup_Contexts(t *testing.T) {
	for gone, want := range map[string]struct {
		groups []string
		ended  error
	}{
		"f":    {[]string{"a", "b", "c", "d", "efg"}, nil},
		"efg":  {[]string{"a", "b", "c", "d", "efg"}, context.Canceled},
		"abcd": {[]string{"a", "b", "c", "d", "efg"}, nil},
	} {
		t.Run(gone, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, contexts := new(slow), make(map[string]context.Context)
				began := time.Now()
				for _, name := range strings.Split(gone, "") {
					ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
					defer cancel()
					contexts[name] = ctx
				}
				errs := write(t, s, "abcdefg", contexts, "")
				for name, err := range errs {
					if strings.Contains(gone, name) && name > "d" {
						assert.ErrorIs(t, err, context.DeadlineExceeded, name)
					} else {
						assert.NoError(t, err, name)
					}
				}
				synctest.Wait()
				if want.ended == nil {
					time.Sleep(time.Until(began.Add(2 * time.Second)))
				}
				synctest.Wait()
				assert.Equal(t, want.groups, s.groups)
				require.Len(t, s.ended, 5)
				assert.Equal(t, want.ended, s.ended[4])
			})
		})
	}
}

func TestGroup_WhoHasGoneIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(slow)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		errs := write(t, s, "abcdef", map[string]context.Context{"e": ctx}, "")
		assert.ErrorIs(t, errs["e"], context.DeadlineExceeded)
		assert.NoError(t, errs["f"])
		assert.Equal(t, []string{"a", "b", "c", "d", "f"}, s.groups)
	})
}
