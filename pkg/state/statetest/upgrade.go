package statetest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// ofVersion1 is a message as a store of schema version 1 left it. Each store that had that version
// has such a fixture. All messages were heard at start, in the way that their names say.
type ofVersion1 struct {
	message msgext.Message
	visible []msgext.KeyValue
	latest  int64
	gap     bool
	due     time.Time // zero for a message with nothing left to check
	lane    state.Lane
}

func version1() []ofVersion1 {
	group := func(name string) msgext.Message {
		return msgext.Message{SDKAppID: "1400000000", GroupID: name, MsgSeq: 10}
	}
	kv := func(key, value string, seq int64) msgext.KeyValue {
		return msgext.KeyValue{Key: key, Value: value, Seq: seq}
	}
	never := time.Time{}
	return []ofVersion1{
		{group("due"), []msgext.KeyValue{kv("a", "1", 1), kv("z\x00\x01", "n\x00ul", 1), kv("b", "\U0001f5f3", 2)}, 2, false, start, state.FirstChecks},
		{group("gap"), []msgext.KeyValue{kv("a", "3", 3)}, 3, true, start, state.FirstChecks},
		{group("unmarked"), []msgext.KeyValue{kv("a", "1", 1)}, 1, true, start, state.FirstChecks},
		{group("quiet"), []msgext.KeyValue{kv("b", "3", 3)}, 3, false, never, state.FirstChecks},
		{group("quiet with a gap"), []msgext.KeyValue{kv("a", "2", 2)}, 2, true, never, state.FirstChecks},
		{group("read and quiet"), []msgext.KeyValue{kv("c", "3", 3), kv("b", "4\x00", 4)}, 4, false, never, state.FirstChecks},
		{group("read and heard since"), []msgext.KeyValue{kv("b", "2", 2), kv("c", "4", 4)}, 4, false, start.Add(time.Hour), state.FirstChecks},
		{group("read alone"), []msgext.KeyValue{kv("b", "2", 2)}, 2, true, never, state.FirstChecks},
		{group("tried"), []msgext.KeyValue{kv("a", "5", 5)}, 5, true, start.Add(2 * time.Minute), state.Retries},
		{group("ahead"), []msgext.KeyValue{kv("a", "1", 1), kv("b", "9", 9)}, 9, true, start.Add(time.Minute), state.Retries},
		{group("cleared"), []msgext.KeyValue{kv("c", "3", 3)}, 3, false, start, state.FirstChecks},
		{
			msgext.Message{SDKAppID: "1400000000", From: "jared/1", To: "Jonh", MsgKey: "1_2_3"},
			[]msgext.KeyValue{kv("a", "1", 1), kv("b", "6", 6)}, 6, true, start, state.FirstChecks,
		},
	}
}

// RunUpgraded checks the fixture of version 1 after the upgrade. Every message must show what it
// showed before, be returned by Each, and by Due if it was due. Each of them must also work in
// further calls, whether or not it is read. view returns what the view message_extensions shows of
// a message; nil if the store has no view.
func RunUpgraded(t *testing.T, s state.Store, view func(msgext.Message) []msgext.KeyValue) {
	ctx := t.Context()
	met, due := make(map[msgext.Message]state.Head), make(map[msgext.Message]state.Lane)
	for page := range pages(t, func(after state.Cursor) (state.Page, error) { return s.Each(ctx, after, 5) }) {
		for _, head := range page.Heads {
			met[head.Message] = head
		}
	}
	for lane := state.FirstChecks; lane <= state.Announced; lane++ {
		for page := range pages(t, func(after state.Cursor) (state.Page, error) {
			return s.Due(ctx, lane, start.Add(2*time.Hour), after, 5)
		}) {
			for _, head := range page.Heads {
				due[head.Message] = lane
			}
		}
	}
	random := rand.New(rand.NewPCG(9, 9))
	for _, old := range version1() {
		m := old.message
		record := load(t, s, m)
		assert.Equal(t, old.visible, record.State.Visible(), m)
		if view != nil {
			assert.Equal(t, old.visible, view(m), m)
		}
		assert.Equal(t, old.latest, record.State.Latest, m)
		assert.Equal(t, old.gap, record.State.Gap(), m)
		assert.Equal(t, old.due, record.Check.Due, m)
		assert.NotZero(t, record.Check.Revision, m)
		if assert.Contains(t, met, m) {
			assert.Equal(t, record.Check, met[m].Check, m)
		}
		lane, isDue := due[m]
		assert.Equal(t, !old.due.IsZero(), isDue, m)
		assert.Equal(t, old.lane, lane, m)

		lives(t, s, record, m, random.Int64N(3))
	}
	assert.Len(t, met, len(version1()))
}

// lives applies a repair run and a webhook to a message of version 1 and to the model.
func lives(t *testing.T, s state.Store, record state.Record, m msgext.Message, more int64) {
	t.Helper()
	read := following(record, msgext.Snapshot{
		Latest: record.State.Latest + more, KeyValues: []msgext.KeyValue{{Key: "a", Value: "read", Seq: record.State.Latest}},
	})
	require.NoError(t, s.Merge(t.Context(), m, read))
	require.True(t, record.Merge(read))
	outcome := state.Outcome{Revision: record.Check.Revision, Floor: read.Latest, Settles: true, Read: true, Latest: read.Latest, Due: start.Add(time.Hour)}
	require.NoError(t, s.SaveCheck(t.Context(), m, outcome))
	record.SaveCheck(outcome)
	event := SetEvent(m, read.Latest+1, "new", "a", "n")
	require.NoError(t, s.Apply(t.Context(), event, start.Add(time.Minute), state.MarkNow))
	record.Apply(event, start.Add(time.Minute), state.MarkNow)
	sameRecord(t, record, load(t, s, m), "upgraded and heard of again")
}
