package dynamostate_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/statetest"
)

// version1 has items that this package wrote before versions were numbered.
type version1 struct {
	Items    []map[string]map[string]any
	Messages []struct {
		Name       string
		Message    msgext.Message
		Shows      msgext.ReadReply
		Gap        bool
		Due, Heard int64
	}
}

// newVersion1 creates a table with the items of version 1.
func newVersion1(t *testing.T) (*dynamostate.Store, version1) {
	text, err := os.ReadFile("testdata/version1.json")
	require.NoError(t, err)
	var old version1
	require.NoError(t, json.Unmarshal(text, &old))
	table := newTable(t)
	client := dynamodb.NewFromConfig(local(t))
	require.NotEmpty(t, old.Items)
	for _, attributes := range old.Items {
		item := make(map[string]types.AttributeValue)
		for name, typed := range attributes {
			for kind, value := range typed {
				item[name] = attribute(t, kind, value)
			}
		}
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item})
		require.NoError(t, err)
	}
	return open(t, local(t), table), old
}

// attribute reads a value from DynamoDB's own JSON.
func attribute(t *testing.T, kind string, value any) types.AttributeValue {
	switch kind {
	case "S":
		return &types.AttributeValueMemberS{Value: value.(string)}
	case "N":
		return &types.AttributeValueMemberN{Value: value.(string)}
	case "BOOL":
		return &types.AttributeValueMemberBOOL{Value: value.(bool)}
	case "B":
		plain, err := base64.StdEncoding.DecodeString(value.(string))
		require.NoError(t, err)
		return &types.AttributeValueMemberB{Value: plain}
	case "NS":
		set := new(types.AttributeValueMemberNS)
		for _, n := range value.([]any) {
			set.Value = append(set.Value, n.(string))
		}
		return set
	}
	require.Fail(t, "unknown type", kind)
	return nil
}

// No upgrade is needed: what version 1 wrote has the same visible state as before, and is returned
// by Each and Due.
func TestStore_Version1(t *testing.T) {
	store, old := newVersion1(t)
	due, all := make(map[msgext.Message]int), make(map[msgext.Message]int)
	for page := (state.Page{More: true}); page.More; {
		var err error
		page, err = store.Due(t.Context(), state.FirstChecks, start.Add(24*time.Hour), page.Next, 3)
		require.NoError(t, err)
		for _, head := range page.Heads {
			due[head.Message]++
		}
	}
	for page := (state.Page{More: true}); page.More; {
		var err error
		page, err = store.Each(t.Context(), page.Next, 3)
		require.NoError(t, err)
		for _, head := range page.Heads {
			all[head.Message]++
		}
	}
	assert.Len(t, all, len(old.Messages))
	for _, m := range old.Messages {
		record, err := store.Load(t.Context(), m.Message)
		require.NoError(t, err, m.Name)
		reply := record.State.Reply()
		assert.Equal(t, m.Shows.ExtensionList, reply.ExtensionList, m.Name)
		assert.Equal(t, [2]int64{m.Shows.LatestSeq, m.Shows.ClearSeq}, [2]int64{reply.LatestSeq, reply.ClearSeq}, m.Name)
		assert.Equal(t, m.Gap, record.State.Gap(), m.Name)
		assert.Equal(t, m.Due, state.Milliseconds(record.Check.Due), m.Name)
		assert.Equal(t, m.Heard, state.Milliseconds(record.Check.Heard), m.Name)
		assert.NotZero(t, record.Check.Revision, m.Name)
		assert.Equal(t, m.Due != 0, due[m.Message] == 1, m.Name)
		assert.Equal(t, 1, all[m.Message], m.Name)
	}
	counts, err := store.Count(t.Context(), 100)
	require.NoError(t, err)
	assert.Equal(t, state.Counts{OldestDue: start}, counts, "open is what a check of this version left unsettled")
}

// Every call treats items of version 1 like its own, and leaves the result that state.Record
// computes.
func TestStore_Version1GoesOn(t *testing.T) {
	at := start.Add(time.Hour)
	for _, test := range []struct {
		name string
		call func(context.Context, *dynamostate.Store, msgext.Message, state.Record) error
		want func(*state.Record)
	}{
		{"an event", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			return s.Apply(ctx, statetest.SetEvent(m, 5, "new", "a"), at, state.MarkNow)
		}, func(r *state.Record) { r.Apply(statetest.SetEvent(msgext.Message{}, 5, "new", "a"), at, state.MarkNow) }},
		{"a mark", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			return s.MarkSeen(ctx, m, 2)
		}, func(r *state.Record) { r.MarkSeen(2) }},
		{"a doubt", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			return s.Doubt(ctx, m, at, state.FromWebhook)
		}, func(r *state.Record) { r.Doubt(at, state.FromWebhook) }},
		{"an announcement", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			return s.Announce(ctx, m, at, at)
		}, func(r *state.Record) { r.Announce(at, at) }},
		{"a lower read", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			return s.Merge(ctx, m, msgext.Snapshot{Number: 7, Latest: 1})
		}, func(r *state.Record) { r.Merge(msgext.Snapshot{Number: 7, Latest: 1}) }},
		{"a check", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, r state.Record) error {
			return s.SaveCheck(ctx, m, state.Outcome{Revision: r.Check.Revision, Floor: 2, Read: true, AheadOver: 4, AheadSince: at, Due: at, Tries: 1})
		}, func(r *state.Record) {
			r.SaveCheck(state.Outcome{Revision: r.Check.Revision, Floor: 2, Read: true, AheadOver: 4, AheadSince: at, Due: at, Tries: 1})
		}},
		{"a drop", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, _ state.Record) error {
			_, err := s.Drop(ctx, m, state.Drop{Above: 1, Now: at, Due: at})
			return err
		}, func(r *state.Record) { r.Drop(state.Drop{Above: 1, Now: at, Due: at}) }},
		{"a sweep", func(ctx context.Context, s *dynamostate.Store, m msgext.Message, r state.Record) error {
			return s.Sweep(ctx, m, r.Check.Revision)
		}, func(r *state.Record) { r.Sweep(r.Check.Revision) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, old := newVersion1(t)
			for _, m := range old.Messages {
				before, err := store.Load(t.Context(), m.Message)
				require.NoError(t, err)
				want := before.Clone()
				test.want(&want)
				require.NoError(t, test.call(t.Context(), store, m.Message, before), m.Name)
				got, err := store.Load(t.Context(), m.Message)
				require.NoError(t, err, m.Name)
				assert.Equal(t, want.State.Reply(), got.State.Reply(), m.Name)
				assert.Equal(t, want.State.Read(), got.State.Read(), m.Name)
				assert.Equal(t, want.State.Floor, got.State.Floor, m.Name)
				assert.ElementsMatch(t, want.State.Seen, got.State.Seen, m.Name)
				if before.Check.Revision < 0 { // created without a revision
					assert.Equal(t, want.Check.Revision != before.Check.Revision, got.Check.Revision != before.Check.Revision, m.Name)
					want.Check.Revision = got.Check.Revision
					if want.Check.Doubted != 0 {
						want.Check.Doubted = got.Check.Revision
					}
				}
				assert.Equal(t, want.Check, got.Check, m.Name)
			}
		})
	}
	t.Run("an erasure", func(t *testing.T) {
		store, old := newVersion1(t)
		for i, m := range old.Messages {
			record, err := store.Load(t.Context(), m.Message)
			require.NoError(t, err)
			if i%2 == 0 {
				erased, err := store.Erase(t.Context(), m.Message, record.Check.Revision)
				require.NoError(t, err)
				assert.True(t, erased, m.Name)
			} else {
				require.NoError(t, store.Forget(t.Context(), m.Message))
			}
		}
		page, err := store.Each(t.Context(), "", 100)
		require.NoError(t, err)
		assert.Equal(t, state.Page{}, page)
	})
}

// Every call refuses what a newer version has written, and does not change it.
func TestStore_NewerVersion(t *testing.T) {
	table := newTable(t)
	store, ctx, m := open(t, local(t), table), t.Context(), statetest.NewMessage()
	client := dynamodb.NewFromConfig(local(t))
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: m.Path()}, "sk": &types.AttributeValueMemberS{Value: "head"}}
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	_, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &table, Key: key, UpdateExpression: aws.String("SET #s = :s"), ExpressionAttributeNames: map[string]string{"#s": "schema"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":s": &types.AttributeValueMemberN{Value: "3"}},
	})
	require.NoError(t, err)
	before, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
	require.NoError(t, err)

	revision := start.UnixMilli() + 1
	second := func(_ any, err error) error { return err }
	// One store that remembers the message, and one that does not.
	for _, s := range []*dynamostate.Store{store, open(t, local(t), table)} {
		for name, err := range map[string]error{
			"Apply":     s.Apply(ctx, statetest.SetEvent(m, 2, "v", "a"), start, state.MarkNow),
			"MarkSeen":  s.MarkSeen(ctx, m, 2),
			"Doubt":     s.Doubt(ctx, m, start, state.FromWebhook),
			"Announce":  s.Announce(ctx, m, start, start),
			"Merge":     s.Merge(ctx, m, msgext.Snapshot{Number: 1, Latest: 1}),
			"Load":      second(s.Load(ctx, m)),
			"Due":       second(s.Due(ctx, state.FirstChecks, start, "", 10)),
			"SaveCheck": s.SaveCheck(ctx, m, state.Outcome{Revision: revision}),
			"Drop":      second(s.Drop(ctx, m, state.Drop{Now: start})),
			"Sweep":     s.Sweep(ctx, m, revision),
			"Erase":     second(s.Erase(ctx, m, revision)),
			"Forget":    s.Forget(ctx, m),
			"Each":      second(s.Each(ctx, "", 10)),
		} {
			assert.ErrorIs(t, err, state.ErrSchemaNew, name)
		}
	}
	after, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: &table})
	require.NoError(t, err)
	assert.Equal(t, before.Items, after.Items)
}
