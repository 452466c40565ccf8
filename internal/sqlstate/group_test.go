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
	s.mu.Unlock()
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		err = ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, err)
	for name := range messages {
		delete(s.busy, name)
	}
	if s.fails != "" && messages[s.fails] {
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
			rows, err := group.Write(ctx, []byte(name), []sqlstate.Statement{{SQL: "UPDATE", Args: []any{argument}}})
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
