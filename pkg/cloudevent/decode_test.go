package cloudevent_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

func TestDecode_IsTheInverseOfNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 8, -1)
		body, err := json.Marshal(map[string]any{
			"CallbackCommand": msgext.GroupCommand, "GroupId": text.Draw(t, "group"), "MsgSeq": rapid.Int64Min(0).Draw(t, "message"), "OperateType": 1,
			"ExtensionList": []msgext.KeyValue{{Key: text.Draw(t, "key"), Value: rapid.String().Draw(t, "value"), Seq: rapid.Int64Min(0).Draw(t, "version")}}, "Seq": 1,
		})
		require.NoError(t, err)
		change := decode(t, msgext.GroupCommand, string(body))
		event, err := cloudevent.New(change, received)
		require.NoError(t, err)
		requireValid(t, event)
		decoded, err := cloudevent.Decode(event.JSON())
		require.NoError(t, err)
		require.Equal(t, event.ID(), decoded.ID())
		require.Equal(t, event.PartitionKey(), decoded.PartitionKey())
		got, err := decoded.Change()
		require.NoError(t, err)
		require.Equal(t, change.Message, got.Message)
		require.Equal(t, change.KeyValues, got.KeyValues)
	})
}

// with returns an event with additional members.
func with(members string) []byte {
	return []byte(`{"specversion":"1.0","id":"1","source":"/","type":"t"` + members + `}`)
}

func TestDecode_Data(t *testing.T) {
	tests := []struct{ name, members, want string }{
		{"none", ``, ""},
		{"JSON where nothing else is said", `,"data":{"a": 1e400}`, `{"a": 1e400}`},
		{"JSON by its type", `,"datacontenttype":"application/x+json; charset=utf-8","data":"text"`, `"text"`},
		{"a text", `,"datacontenttype":"text/plain","data":"a\nb"`, "a\nb"},
		{"bytes", `,"datacontenttype":"application/octet-stream","data_base64":"AAE="`, "\x00\x01"},
		{"bytes before their type, a slash escaped", `,"data_base64":"\/w==","datacontenttype":"image/png"`, "\xff"},
		{"an explicit null", `,"data":null`, "null"},
		{"null members are none", `,"data_base64":null,"subject":null,"data":1`, "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, err := cloudevent.Decode(with(test.members))
			require.NoError(t, err)
			assert.Equal(t, test.want, string(event.Data()))
		})
	}
}

func TestDecode_RefusesWhatIsNoneWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{
		"", "null", "[]", "7f3a", `{"specversion":"1.0"}`, `{"specversion":"0.3","id":"7f3a","source":"/","type":"t"}`, `{"specversion":"1.0","id":"","source":"/","type":"7f3a"}`,
		string(with("")) + "7f3a",
		string(with(`,"id":"7f3a"`)),
		string(with(`,"ID":"7f3a"`)),
		string(with(`,"subject":7`)),
		string(with(`,"time":"7f3a"`)),
		string(with(`,"x":1.5`)),
		string(with(`,"x":{}`)),
		string(with(`,"x_y":"7f3a"`)),
		string(with(",\"x\":\"7f3a\xff\"")),
		string(with(`,"data":{"a":1,"a":2}`)),
		string(with(`,"data":1,"data_base64":"AAE="`)),
		string(with(`,"datacontenttype":"text/plain","data":{}`)),
		string(with(`,"data_base64":"7f3"`)),
		// The SDK's own reader panics on these two.
		`{"specversion":"1.0","data_base64":1,"id":"1","source":"/","type":"t"}`,
		`{"specversion":"1.0","data_base64":"AAE=","data":1,"id":"1","source":"/","type":"t"}`,
	} {
		_, err := cloudevent.Decode([]byte(text))
		require.ErrorIs(t, err, cloudevent.ErrFormat, text)
		assert.NotContains(t, err.Error(), "7f3a")
	}
}

func TestEvent_IsOfOneKind(t *testing.T) {
	const (
		body  = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":1,"OperateType":3,"Seq":7}`
		reply = `{"CompleteFlag":1,"LatestSeq":7}`
	)
	tests := []struct {
		name, eventType, key, data string
		wantChange, wantTruth      error
	}{
		{"a change", "com.tencent.chat.group.msgextension.cleared", "1/g/1", body, nil, cloudevent.ErrKind},
		{"the truth", "com.tencent.chat.group.msgextension.repaired", "1/g/1", reply, cloudevent.ErrKind, nil},
		{"the truth, of another shape", "com.tencent.chat.group.msgextension.repaired", "1/g/1", `[]`, cloudevent.ErrKind, cloudevent.ErrFormat},
		{"of another message than its data", "com.tencent.chat.group.msgextension.cleared", "1/g/2", body, cloudevent.ErrFormat, cloudevent.ErrKind},
		{"no webhook's body", "com.tencent.chat.group.msgextension.set", "1/g/1", `{}`, msgext.ErrFormat, cloudevent.ErrKind},
		{"one-to-one, of a group's message", "com.tencent.chat.c2c.msgextension.cleared", "1/g/1", body, cloudevent.ErrKind, cloudevent.ErrKind},
		{"of a type to come", "com.tencent.chat.group.msgextension.pinned", "1/g/1", body, cloudevent.ErrKind, cloudevent.ErrKind},
		{"of nothing that we know", "com.example", "", body, cloudevent.ErrKind, cloudevent.ErrKind},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, err := cloudevent.Decode([]byte(`{"specversion":"1.0","id":"1","source":"/","type":"` + test.eventType + `","partitionkey":"` + test.key + `","data":` + test.data + `}`))
			require.NoError(t, err)
			_, err = event.Change()
			assert.ErrorIs(t, err, test.wantChange)
			_, _, err = event.Truth()
			assert.ErrorIs(t, err, test.wantTruth)
		})
	}
}

// For any input Decode does not panic and returns no other errors than ours, and a change that it
// reads can be encoded again.
func FuzzDecode(f *testing.F) {
	event, err := cloudevent.New(decode(f, msgext.GroupCommand, setBody), received)
	require.NoError(f, err)
	f.Add(event.JSON())
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.repaired","partitionkey":"1/g/1","data":{}}`))
	f.Add([]byte(`{"specversion":"1.0","data_base64":1}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		event, err := cloudevent.Decode(encoded)
		if err != nil {
			require.ErrorIs(t, err, cloudevent.ErrFormat)
			return
		}
		_, _, _ = event.Truth()
		if marker, ok := event.Marker(); ok {
			_, err := cloudevent.Decode(marker.JSON())
			require.NoError(t, err)
		}
		change, err := event.Change()
		if err != nil {
			return
		}
		made, err := cloudevent.New(change, received)
		require.NoError(t, err)
		again, err := cloudevent.Decode(made.JSON())
		require.NoError(t, err)
		got, err := again.Change()
		require.NoError(t, err)
		got.Body, change.Body = nil, nil
		require.Equal(t, change, got)
	})
}
