package dynamostate_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/statetest"
)

// The cost of an event does not depend on how many keys its message has.
func TestStore_CostOfAnEvent(t *testing.T) {
	table := newTable(t)
	var requests counter
	store := open(t, through(local(t), requests.do), table)
	tests := []struct {
		name    string
		version int64 // after 15
		want    map[string]int
	}{
		{"the next event", 16, map[string]int{"UpdateItem": 1 + 2 + 1}},
		{"one after a gap", 20, map[string]int{"UpdateItem": 1 + 2 + 1}},
		{"one that comes late", 18, map[string]int{"UpdateItem": 2 + 2 + 1}},
		{"one that comes again", 20, map[string]int{"UpdateItem": 1 + 2}},
	}
	for _, keys := range []int{3, 300} {
		m := statetest.NewMessage()
		for version := range int64(15) {
			event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version + 1}
			for i := range max(1, int64(keys)/15) {
				event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: fmt.Sprint((version*20 + i) % int64(keys)), Value: "v", Seq: version + 1})
			}
			require.NoError(t, store.Apply(t.Context(), event, start, state.MarkNow))
		}
		requests.take()
		for _, test := range tests {
			t.Run(fmt.Sprintf("%s, %d keys", test.name, keys), func(t *testing.T) {
				// A store that remembers no heads.
				another := open(t, through(local(t), requests.do), table)
				require.NoError(t, another.Apply(t.Context(), statetest.SetEvent(m, test.version, "w", "a", "b"), start, state.MarkNow))
				assert.Equal(t, test.want, requests.take())
			})
		}
		t.Run(fmt.Sprintf("a mark of its own, %d keys", keys), func(t *testing.T) {
			for _, version := range []int64{21, 23} {
				require.NoError(t, open(t, local(t), table).Apply(t.Context(), statetest.SetEvent(m, version, "w", "a"), start, state.MarkLater))
			}
			requests.take()
			another := open(t, through(local(t), requests.do), table)
			for _, mark := range []struct {
				version int64
				want    int
				why     string
			}{
				{17, 1, "the floor stands at 16"}, {23, 1, "it is known to stand below 22"}, {19, 1, "18 was seen"}, {21, 1, "so was 20"},
			} {
				require.NoError(t, another.MarkSeen(t.Context(), m, mark.version))
				assert.Equal(t, map[string]int{"UpdateItem": mark.want}, requests.take(), mark.why)
			}
			require.NoError(t, open(t, through(local(t), requests.do), table).MarkSeen(t.Context(), m, 25))
			assert.Equal(t, map[string]int{"UpdateItem": 2}, requests.take(), "it is not known to stand below 24")
		})
	}
}

func TestStore_TooLarge(t *testing.T) {
	store := open(t, local(t), newTable(t))
	m := statetest.NewMessage()
	event := statetest.SetEvent(m, 1, "v", "a", "b", "c")
	event.KeyValues[0].Value = strings.Repeat("v", 400<<10)
	err := store.Apply(t.Context(), event, start, state.MarkNow)
	require.ErrorIs(t, err, dynamostate.ErrTooLarge)
	assert.Regexp(t, `a key-value of 409\d\d\d bytes, the limit is 409600$`, err.Error())

	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, event.KeyValues[1:], record.State.Visible(), "the others stand")
	assert.True(t, record.State.Gap())

	event.KeyValues[0].Value = strings.Repeat("v", 399<<10)
	require.NoError(t, store.Apply(t.Context(), event, start, state.MarkNow))

	read := msgext.Snapshot{Number: 1, Latest: 2, KeyValues: []msgext.KeyValue{{Key: "a", Value: noise(600 << 10), Seq: 2}}}
	err = store.Merge(t.Context(), m, read)
	require.ErrorIs(t, err, dynamostate.ErrTooLarge)
	assert.Regexp(t, `a read of \d+ bytes, the limit is 409600$`, err.Error())
}

// noise returns ASCII text, including control characters, that compresses very badly.
func noise(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(random.IntN(128))
	}
	return string(text)
}

// The largest message that Chat allows fits, whatever its content.
func TestStore_GreatestRead(t *testing.T) {
	store := open(t, local(t), newTable(t))
	hanzi := make([]rune, 300*msgext.MaxValueBytes/3+300)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range hanzi {
		hanzi[i] = rune(0x4e00 + random.IntN(0x5000))
	}
	for name, all := range map[string]string{
		"ascii": noise(msgext.MaxKeys * (msgext.MaxValueBytes + msgext.MaxKeyBytes)), "hanzi": string(hanzi),
	} {
		t.Run(name, func(t *testing.T) {
			read := msgext.Snapshot{Number: 1, Latest: 1 << 40}
			for i := range msgext.MaxKeys {
				n := min(msgext.MaxValueBytes, len(all)/msgext.MaxKeys)
				value := strings.ToValidUTF8(all[i*n:(i+1)*n], "?")
				key := fmt.Sprintf("%03d", i) + noise(msgext.MaxKeyBytes)[3:]
				read.KeyValues = append(read.KeyValues, msgext.KeyValue{Key: key, Value: value, Seq: 1 << 40})
			}
			m := statetest.NewMessage()
			require.NoError(t, store.Merge(t.Context(), m, read))
			record, err := store.Load(t.Context(), m)
			require.NoError(t, err)
			assert.Equal(t, read.KeyValues, record.State.Base.KeyValues)
		})
	}
}

// A message of more than a page (1 MB) is loaded, dropped and forgotten completely.
func TestStore_ManyPages(t *testing.T) {
	store := open(t, local(t), newTable(t))
	m := statetest.NewMessage()
	event := statetest.SetEvent(m, 1, strings.Repeat("v", 150<<10), strings.Split("abcdefghijklmnopqrst", "")...)
	require.NoError(t, store.Apply(t.Context(), event, start, state.MarkNow))
	require.NoError(t, store.Merge(t.Context(), m, msgext.Snapshot{Number: 1}))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, event.KeyValues, record.State.Visible())
	dropped, err := store.Drop(t.Context(), m, state.Drop{Now: start, Due: start})
	require.NoError(t, err)
	assert.True(t, dropped)
	record, err = store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Empty(t, record.State.Entries)
	assert.Zero(t, record.State.Latest)
}
