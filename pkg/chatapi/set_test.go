package chatapi_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

// Requests of trtc.io/document/52170 and 51195.
func TestSet_IsTheVendorsSample(t *testing.T) {
	var requests []string
	client := newClient(t, reply(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ExtensionList":[{"ErrorCode":0,"Extension":{"Key":"key1","Value":"value1","Seq":1}}]}`, &requests))
	changed, err := client.Set(t.Context(), group, msgext.Set, kvs{kv("key1", "value1", 0), kv("key2", "value2", 0)})
	require.NoError(t, err)
	assert.Equal(t, kvs{kv("key1", "value1", 1)}, changed)
	_, err = client.Set(t.Context(), c2c, msgext.Delete, kvs{kv("key1", "", 1)})
	require.NoError(t, err)
	_, err = client.Set(t.Context(), c2c, msgext.Clear, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{
		`group_set_key_values {"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158,"OperateType":1,"ExtensionList":[{"Key":"key1","Value":"value1","Seq":0},{"Key":"key2","Value":"value2","Seq":0}]}`,
		`set_key_values {"From_Account":"62768","To_Account":"116400","MsgKey":"44739199_12_1665388280","OperateType":2,"ExtensionList":[{"Key":"key1","Value":"","Seq":1}]}`,
		`set_key_values {"From_Account":"62768","To_Account":"116400","MsgKey":"44739199_12_1665388280","OperateType":3}`,
	}, requests)
}

func TestSet_ChangesTheTruth(t *testing.T) {
	for name, message := range map[string]msgext.Message{"group": group, "one-to-one": c2c} {
		t.Run(name, func(t *testing.T) {
			sim := chatsim.New(simOptions())
			sim.Add(message)
			client := newClient(t, serve(sim.Handler()))
			changed, err := client.Set(t.Context(), message, msgext.Set, kvs{kv("a", "1", 0), kv("b", "2", 0)})
			require.NoError(t, err)
			assert.Equal(t, kvs{kv("a", "1", 1), kv("b", "2", 1)}, changed)
			changed, err = client.Set(t.Context(), message, msgext.Delete, kvs{kv("a", "", 1)})
			require.NoError(t, err)
			assert.Equal(t, kvs{kv("a", "", 2)}, changed)
			assert.Equal(t, msgext.NewReadReply(2, 0, kvs{kv("b", "2", 1)}), sim.Truth(message))
			changed, err = client.Set(t.Context(), message, msgext.Clear, nil)
			require.NoError(t, err)
			assert.Empty(t, changed)
			assert.Equal(t, msgext.NewReadReply(3, 3, nil), sim.Truth(message))
		})
	}
}

func TestSet_Conflict(t *testing.T) {
	t.Run("key by key", func(t *testing.T) {
		options := simOptions()
		options.CheckSeq = true
		sim := chatsim.New(options)
		_, err := sim.Change(chatsim.Change{Message: group, Operation: msgext.Set, KeyValues: kvs{kv("theirs", "newest", 0)}})
		require.NoError(t, err)
		changed, err := newClient(t, serve(sim.Handler())).Set(t.Context(), group, msgext.Set, kvs{kv("theirs", "mine", 0), kv("mine", "mine", 0)})
		assert.ErrorIs(t, err, chatapi.ErrConflict)
		assert.Equal(t, kvs{kv("mine", "mine", 2)}, changed, "what could be changed is")
		var failed *chatapi.SetError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, []chatapi.KeyFailure{{Code: 23001, Newest: kv("theirs", "newest", 1)}}, failed.Failed)
		assert.EqualError(t, err, "chatapi: keys not changed: 1, the first by error 23001 (key changed by somebody else)")
	})
	t.Run("as a whole, with the newest values", func(t *testing.T) {
		var requests []string
		client := newClient(t, reply(`{"ActionStatus":"FAIL","ErrorInfo":"conflict","ErrorCode":23001,"ExtensionList":[{"ErrorCode":23001,"Extension":{"Key":"k","Value":"newest","Seq":7}}]}`, &requests))
		changed, err := client.Set(t.Context(), group, msgext.Set, kvs{kv("k", "mine", 0)})
		assert.ErrorIs(t, err, chatapi.ErrConflict)
		assert.Empty(t, changed)
		var failed *chatapi.SetError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, []chatapi.KeyFailure{{Code: 23001, Newest: kv("k", "newest", 7)}}, failed.Failed)
	})
	t.Run("as a whole, without", func(t *testing.T) {
		var requests []string
		client := newClient(t, reply(`{"ActionStatus":"FAIL","ErrorInfo":"conflict","ErrorCode":23001}`, &requests))
		_, err := client.Set(t.Context(), group, msgext.Set, kvs{kv("k", "mine", 0)})
		assert.ErrorIs(t, err, chatapi.ErrConflict)
		assert.Len(t, requests, 1)
	})
	t.Run("another code is none", func(t *testing.T) {
		var requests []string
		client := newClient(t, reply(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"ExtensionList":[{"ErrorCode":10004,"Extension":{"Key":"k","Value":"","Seq":0}}]}`, &requests))
		_, err := client.Set(t.Context(), group, msgext.Set, kvs{kv("k", "mine", 0)})
		var failed *chatapi.SetError
		require.ErrorAs(t, err, &failed)
		assert.NotErrorIs(t, err, chatapi.ErrConflict)
	})
}

func TestSet_Refuses(t *testing.T) {
	tests := []struct {
		name      string
		message   msgext.Message
		operation msgext.Operation
		keyValues kvs
		wantErr   error
	}{
		{"another app's message", msgext.Message{SDKAppID: "1", GroupID: "g"}, msgext.Clear, nil, chatapi.ErrForeignApp},
		{"nothing to set", group, msgext.Set, nil, chatapi.ErrChange},
		{"nothing to delete", group, msgext.Delete, nil, chatapi.ErrChange},
		{"21 key-values", group, msgext.Set, make(kvs, 21), chatapi.ErrChange},
		{"a clear with key-values", group, msgext.Clear, make(kvs, 1), chatapi.ErrChange},
		{"an operation of 4", group, 4, nil, chatapi.ErrChange},
		{"unknown message", group, msgext.Clear, nil, chatapi.ErrGone},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newClient(t, serve(chatsim.New(simOptions()).Handler())).Set(t.Context(), test.message, test.operation, test.keyValues)
			assert.ErrorIs(t, err, test.wantErr)
		})
	}
}
