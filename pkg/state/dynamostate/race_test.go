package dynamostate_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/statetest"
)

// interrupted opens a store on a table and does something before the store's nth request, counted
// from 0. happened reports whether that request came.
func interrupted(t *testing.T, table string, n int, do func()) (store *dynamostate.Store, happened *bool) {
	var mu sync.Mutex // a call sends several requests at once
	requests := 0
	happened = new(bool)
	store = open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		require.NoError(t, err)
		func() {
			mu.Lock()
			defer mu.Unlock() // where do fails the test, too
			if requests == n {
				*happened = true
				do()
			}
			requests++
		}()
		request.Body = io.NopCloser(bytes.NewReader(body))
		return send(request)
	}), table)
	return store, happened
}

// items returns how many items a message has.
func items(t *testing.T, table string, m msgext.Message) int {
	page, err := dynamodb.NewFromConfig(local(t)).Query(t.Context(), &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: ptr("pk = :pk"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: m.Path()}},
	})
	require.NoError(t, err)
	return len(page.Items)
}

func ptr(s string) *string { return &s }

// A message is forgotten at any moment while an event is applied. Afterwards there is nothing, or a
// message with all of the event or with a gap.
func TestStore_ForgottenWhileApplied(t *testing.T) {
	table := newTable(t)
	other := open(t, local(t), table)
	for _, again := range []bool{false, true} { // whether the event is a repetition
		for _, mark := range []state.Mark{state.MarkNow, state.MarkLater} {
			reached := true
			for n := 0; reached; n++ {
				m := statetest.NewMessage()
				event := statetest.SetEvent(m, 1, "v", "a")
				require.NoError(t, other.Apply(t.Context(), event, start, state.MarkNow))
				if !again {
					event = statetest.SetEvent(m, 2, "v", "b")
				}
				store, happened := interrupted(t, table, n, func() { require.NoError(t, other.Forget(t.Context(), m)) })
				require.NoError(t, store.Apply(t.Context(), event, start, mark))
				if mark == state.MarkLater {
					require.NoError(t, store.MarkSeen(t.Context(), m, event.Seq))
				}
				reached = *happened
				record, err := other.Load(t.Context(), m)
				name := fmt.Sprintf("again %t, mark %t, before request %d", again, mark, n)
				if err != nil {
					require.ErrorIs(t, err, state.ErrNotFound)
					assert.Zero(t, items(t, table, m), name)
					continue
				}
				assert.Contains(t, record.State.Visible(), event.KeyValues[0], name)
				require.NoError(t, other.Forget(t.Context(), m))
			}
		}
	}
}

// Something happens to a message at any moment while it is erased. It is either erased, or stays,
// due and with a gap. Nothing is left without a head.
func TestStore_ErasedWhileSomethingHappens(t *testing.T) {
	table := newTable(t)
	other := open(t, local(t), table)
	ctx := t.Context()
	for name, happens := range map[string]func(m msgext.Message){
		"the same event again": func(m msgext.Message) {
			require.NoError(t, other.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
		},
		"a new event": func(m msgext.Message) {
			require.NoError(t, other.Apply(ctx, statetest.SetEvent(m, 2, "v", "b"), start, state.MarkNow))
		},
		"a read": func(m msgext.Message) {
			record, err := other.Load(ctx, m)
			if err != nil {
				require.ErrorIs(t, err, state.ErrNotFound)
			}
			read := msgext.Snapshot{Number: 9 + record.State.ReadNumber(), After: record.State.ReadNumber(), Latest: 1, KeyValues: statetest.SetEvent(m, 1, "v", "a").KeyValues}
			if err := other.Merge(ctx, m, read); err != nil { // other requests of the erasure go on meanwhile
				require.ErrorIs(t, err, state.ErrOvertaken)
			}
		},
		"the check of a read": func(m msgext.Message) {
			record, err := other.Load(ctx, m)
			if err == nil {
				require.NoError(t, other.SaveCheck(ctx, m, state.Outcome{Revision: record.Check.Revision, Floor: 1, Due: start}))
			}
		},
	} {
		reached := true
		for n := 0; reached; n++ {
			m := statetest.NewMessage()
			require.NoError(t, other.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
			require.NoError(t, other.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 1, KeyValues: statetest.SetEvent(m, 1, "v", "a").KeyValues}))
			store, happened := interrupted(t, table, n, func() { happens(m) })
			erased, err := store.Erase(ctx, m, start.UnixMilli()+1)
			require.NoError(t, err)
			reached = *happened
			name := fmt.Sprintf("%s, before request %d", name, n)
			record, err := other.Load(ctx, m)
			if err != nil {
				require.ErrorIs(t, err, state.ErrNotFound)
				assert.True(t, erased, name)
				assert.Zero(t, items(t, table, m), name)
				continue
			}
			if !record.State.Gap() {
				assert.Contains(t, record.State.Visible(), msgext.KeyValue{Key: "a", Value: "v", Seq: 1}, "what shows no gap is there: %s", name)
			}
			assert.NotZero(t, record.Check.Due, name)
		}
	}
}

// More entries than one transaction takes are dropped, too, and an event that comes in between
// stays complete.
func TestStore_DropsMany(t *testing.T) {
	table := newTable(t)
	other := open(t, local(t), table)
	ctx := t.Context()
	reached := true
	for n := 0; reached; n++ {
		m := statetest.NewMessage()
		for version := int64(1); version <= 12; version++ {
			event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version}
			for k := range msgext.MaxKeyValues {
				event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: fmt.Sprint(version, " ", k), Value: "forged", Seq: version})
			}
			require.NoError(t, other.Apply(ctx, event, start, state.MarkNow))
		}
		store, happened := interrupted(t, table, n, func() {
			require.NoError(t, other.Apply(ctx, statetest.SetEvent(m, 20, "real", "real"), start, state.MarkNow))
		})
		dropped, err := store.Drop(ctx, m, state.Drop{Above: 1, Now: start, Due: start})
		require.NoError(t, err)
		assert.True(t, dropped)
		reached = *happened
		record, err := other.Load(ctx, m)
		require.NoError(t, err)
		assert.Len(t, record.State.Entries, msgext.MaxKeyValues, "before request %d", n)
		assert.Equal(t, int64(0), record.State.Floor)
		assert.EqualValues(t, 1, record.State.Latest)
		assert.True(t, record.State.Gap())
	}
}

// A store that remembers versions which another store has since dropped must not report them as
// handled.
func TestStore_MarksAfterADropOfAnotherStore(t *testing.T) {
	table := newTable(t)
	store, other := open(t, local(t), table), open(t, local(t), table)
	ctx, m := t.Context(), statetest.NewMessage()
	for _, version := range []int64{1, 3, 4, 2} {
		mark := version != 2
		require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, version, "v", "a"), start, state.Mark(mark)))
	}
	dropped, err := other.Drop(ctx, m, state.Drop{Above: 2, Now: start, Due: start})
	require.NoError(t, err)
	require.True(t, dropped)
	require.NoError(t, other.Apply(ctx, statetest.SetEvent(m, 4, "v", "a"), start, state.MarkNow))
	require.NoError(t, store.MarkSeen(ctx, m, 2))
	record, err := store.Load(ctx, m)
	require.NoError(t, err)
	assert.Equal(t, msgext.Progress{Latest: 4, Floor: 2, Seen: []int64{4}}, record.State.Progress)
}
