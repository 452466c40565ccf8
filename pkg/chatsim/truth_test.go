package chatsim_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

var (
	group = msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10}
	c2c   = msgext.Message{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "93847636_1287657_1764688415"}
)

func newSim() *chatsim.Sim { return chatsim.New(chatsim.Options{SDKAppID: "1400000000"}) }

type kvs = []msgext.KeyValue

func set(user string, keyValues ...msgext.KeyValue) chatsim.Change {
	return chatsim.Change{Message: group, Operation: msgext.Set, KeyValues: keyValues, User: user}
}

func remove(user string, keyValues ...msgext.KeyValue) chatsim.Change {
	return chatsim.Change{Message: group, Operation: msgext.Delete, KeyValues: keyValues, User: user}
}

func clearAll(user string) chatsim.Change {
	return chatsim.Change{Message: group, Operation: msgext.Clear, User: user}
}

func kv(key, value string, seq int64) msgext.KeyValue {
	return msgext.KeyValue{Key: key, Value: value, Seq: seq}
}

func refusedWith(t *testing.T, err error) int {
	t.Helper()
	var refusal *chatsim.Refusal
	if !errors.As(err, &refusal) {
		return 0
	}
	return refusal.Code
}

func TestChange_VersionsRiseByOneForAnyNumberOfKeys(t *testing.T) {
	sim := newSim()
	outcome, err := sim.Change(set("u", kv("k1", "a", 0), kv("k2", "b", 0)))
	require.NoError(t, err)
	assert.Equal(t, chatsim.Outcome{Version: 1, KeyValues: kvs{kv("k1", "a", 1), kv("k2", "b", 1)}}, outcome)

	outcome, err = sim.Change(remove("u", kv("k2", "ignored", 1)))
	require.NoError(t, err)
	assert.Equal(t, chatsim.Outcome{Version: 2, KeyValues: kvs{kv("k2", "", 2)}}, outcome)
	assert.Equal(t, msgext.NewReadReply(2, 0, kvs{kv("k1", "a", 1)}), sim.Truth(group))

	outcome, err = sim.Change(clearAll("u"))
	require.NoError(t, err)
	assert.Equal(t, chatsim.Outcome{Version: 3}, outcome)
	assert.Equal(t, msgext.NewReadReply(3, 3, nil), sim.Truth(group))

	outcome, err = sim.Change(set("u", kv("k2", "c", 0)))
	require.NoError(t, err, "what was cleared counts as never set")
	assert.EqualValues(t, 4, outcome.Version)
	assert.Equal(t, msgext.NewReadReply(0, 0, nil), sim.Truth(c2c), "other messages are untouched")
}

func TestChange_CompareAndSet(t *testing.T) {
	sim := newSim()
	for _, change := range []chatsim.Change{set("u", kv("mine", "1", 0)), set("u", kv("shared", "1", 0)), set("v", kv("shared", "2", 2))} {
		_, err := sim.Change(change)
		require.NoError(t, err)
	}
	before := sim.Truth(group)

	outcome, err := sim.Change(set("u", kv("shared", "3", 2)))
	assert.Equal(t, 23001, refusedWith(t, err))
	assert.Equal(t, chatsim.Outcome{Conflicts: kvs{kv("shared", "2", 3)}}, outcome, "the newest value comes back")
	_, err = sim.Change(remove("u", kv("shared", "", 0)))
	assert.Equal(t, 23001, refusedWith(t, err))
	outcome, err = sim.Change(set("u", kv("absent", "1", 7)))
	assert.Equal(t, 23001, refusedWith(t, err))
	assert.Equal(t, kvs{kv("absent", "", 0)}, outcome.Conflicts)
	assert.Equal(t, before, sim.Truth(group), "a refused change makes no version")

	outcome, err = sim.Change(set("u", kv("mine", "2", 1), kv("shared", "3", 1)))
	require.NoError(t, err, "keys are answered for one by one")
	assert.Equal(t, chatsim.Outcome{Version: 4, KeyValues: kvs{kv("mine", "2", 4)}, Conflicts: kvs{kv("shared", "2", 3)}}, outcome)

	outcome, err = sim.Change(set("", kv("shared", "admin", 0)))
	require.NoError(t, err, "nobody looks at the admin's versions")
	assert.EqualValues(t, 5, outcome.Version)

	outcome, err = sim.Change(remove("", kv("absent", "", 0)))
	require.NoError(t, err)
	assert.Zero(t, outcome.Version, "deleting what is not there changes nothing")
}

func TestChange_Limits(t *testing.T) {
	many := func(n, from int) kvs {
		var list kvs
		for i := range n {
			list = append(list, kv(fmt.Sprintf("k%d", from+i), "", 0))
		}
		return list
	}
	tests := []struct {
		name   string
		change chatsim.Change
		want   int
	}{
		{"20 key-values", set("u", many(20, 0)...), 0},
		{"21 key-values", set("u", many(21, 0)...), 10004},
		{"none", set("u"), 10004},
		{"none to delete", remove("u"), 10004},
		{"a clear with one", chatsim.Change{Message: group, Operation: msgext.Clear, KeyValues: many(1, 0), User: "u"}, 10004},
		{"an operation of 4", chatsim.Change{Message: group, Operation: 4, User: "u"}, 10004},
		{"key of 100 bytes", set("u", kv(strings.Repeat("k", 100), "", 0)), 0},
		{"key of 101 bytes", set("u", kv(strings.Repeat("k", 101), "", 0)), 10004},
		{"no key", set("u", kv("", "v", 0)), 10004},
		{"value of 1 KB", set("u", kv("k", strings.Repeat("v", 1024), 0)), 0},
		{"value of more", set("u", kv("k", strings.Repeat("v", 1025), 0)), 10004},
		{"a key twice", set("u", kv("k", "1", 0), kv("k", "2", 0)), 10004},
		{"one-to-one", chatsim.Change{Message: c2c, Operation: msgext.Set, User: "u"}, 20001},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sim := newSim()
			_, err := sim.Change(test.change)
			assert.Equal(t, test.want, refusedWith(t, err))
			assert.Equal(t, test.want == 0, sim.Truth(group).LatestSeq == 1)
		})
	}
	t.Run("300 keys on a message", func(t *testing.T) {
		sim := newSim()
		for from := 0; from < 300; from += 20 {
			_, err := sim.Change(set("", many(20, from)...))
			require.NoError(t, err)
		}
		_, err := sim.Change(set("", kv("one more", "", 0)))
		assert.Equal(t, 10004, refusedWith(t, err))
		_, err = sim.Change(set("", kv("k0", "again", 0)))
		assert.NoError(t, err, "one that is there already")
		_, err = sim.Change(remove("", kv("k1", "", 0)))
		require.NoError(t, err)
		_, err = sim.Change(set("", kv("one more", "", 0)))
		assert.NoError(t, err)
	})
}

func TestSim_Messages(t *testing.T) {
	sim := newSim()
	sim.Add(group, c2c, group)
	_, err := sim.Change(set("u", kv("k", "v", 0)))
	require.NoError(t, err)
	sim.Add(group)
	assert.Equal(t, []msgext.Message{c2c, group}, sim.Messages())
	assert.EqualValues(t, 1, sim.Truth(group).LatestSeq, "Add leaves what is known")
	sim.Remove(group)
	assert.Equal(t, []msgext.Message{c2c}, sim.Messages())
}
