package repair_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// busy is a store in which other reads of the message are faster, a number of times.
type busy struct {
	state.Store
	times int
}

func (s *busy) Merge(ctx context.Context, m msgext.Message, read msgext.Snapshot) error {
	if s.times > 0 {
		s.times--
		return state.ErrOvertaken
	}
	return s.Store.Merge(ctx, m, read)
}

// A replay that other reads overtake begins again, three times at most.
func TestReplay_BeginsAgainWhereItIsOvertaken(t *testing.T) {
	for _, test := range []struct {
		name    string
		times   int
		wantErr string
		reads   int
		told    int
	}{
		{name: "never", reads: 1, told: 1},
		{name: "twice", times: 2, reads: 3, told: 1},
		{name: "each time", times: 4, wantErr: "repair: overtaken by another read", reads: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.receive(t, w.change(t, poll, msgext.Set, "alice", "1"))
			r := w.repairer(func(o *repair.Options) { o.Store = &busy{Store: w.store, times: test.times} })
			err := r.Replay(t.Context(), poll)
			if test.wantErr == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.wantErr)
			}
			assert.Equal(t, test.reads, w.chat.Calls())
			assert.Len(t, w.sink.Repaired(), test.told)
		})
	}
}
