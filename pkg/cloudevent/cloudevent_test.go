package cloudevent_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/internal/vectortest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

const setBody = `{"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "@TGS#1/a", "MsgSeq": 10, "OperateType": 1,
	"ExtensionList": [{"Key": "key2", "Value": "value2", "Seq": 56}], "Seq": 56, "EventTime": 1764688294360, "Extra": 1.50e1}`

func decode(t require.TestingT, command, body string) msgext.Event {
	event, err := msgext.Decode("1400000000", command, []byte(body))
	require.NoError(t, err)
	return event
}

func attributes(t *testing.T, event cloudevent.Event) map[string]any {
	t.Helper()
	var all map[string]any
	require.NoError(t, json.Unmarshal(event.JSON(), &all))
	return all
}

func TestNew_Group(t *testing.T) {
	event, err := cloudevent.New(decode(t, msgext.GroupCommand, setBody))
	require.NoError(t, err)
	all := attributes(t, event)
	delete(all, "data")
	assert.Equal(t, map[string]any{
		"specversion": "1.0", "id": "1400000000/@TGS%231%2Fa/10/56", "source": "/chat/1400000000/groups/@TGS%231%2Fa", "subject": "messages/10",
		"type": "com.tencent.chat.group.msgextension.set", "time": "2025-12-02T15:11:34.36Z", "datacontenttype": "application/json",
		"sequence": "00000000000000000056", "partitionkey": "1400000000/@TGS%231%2Fa/10",
	}, all)
	assert.JSONEq(t, setBody, string(event.Data()))
	assert.Contains(t, string(event.JSON()), `"Extra":1.50e1`, "the same JSON value, its numbers as they were written")
	assert.NotContains(t, string(event.Data()), " ")
}

func TestNew_TypesAndTimes(t *testing.T) {
	c2c := func(operation string, rest string) string {
		return `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"a/b","To_Account":"é","MsgKey":"1_2_3","OperateType":` + operation + `,"Seq":7` + rest + `}`
	}
	tests := []struct {
		name, body     string
		wantType, time string
	}{
		{"delete", c2c("2", `,"ExtensionList":[{"Key":"k","Seq":7}],"EventTime":0`), "com.tencent.chat.c2c.msgextension.deleted", "1970-01-01T00:00:00Z"},
		{"clear without a time", c2c("3", ""), "com.tencent.chat.c2c.msgextension.cleared", ""},
		{"a time that RFC 3339 cannot write", c2c("3", `,"EventTime":9223372036854775807`), "com.tencent.chat.c2c.msgextension.cleared", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, err := cloudevent.New(decode(t, msgext.C2CCommand, test.body))
			require.NoError(t, err)
			all := attributes(t, event)
			assert.Equal(t, test.wantType, all["type"])
			assert.Equal(t, "1400000000/a%2Fb/%C3%A9/1_2_3/7", all["id"])
			assert.Equal(t, "/chat/1400000000/c2c/a%2Fb/%C3%A9", all["source"])
			assert.Equal(t, "messages/1_2_3", all["subject"])
			if test.time == "" {
				assert.NotContains(t, all, "time")
			} else {
				assert.Equal(t, test.time, all["time"])
			}
		})
	}
}

func TestNewRepaired(t *testing.T) {
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 1}
	reply := msgext.NewReadReply(math.MaxInt64, 3, []msgext.KeyValue{{Key: "k", Value: "v", Seq: 9}})
	event, err := cloudevent.NewRepaired(message, reply, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	assert.Regexp(t, `^1400000000/g/1/9223372036854775807/repaired/[0-9a-f]{16}$`, event.ID())
	assert.Equal(t, "09223372036854775807", event.Sequence())
	assert.True(t, event.IsRepaired())
	gotMessage, got, err := event.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, gotMessage)
	assert.Equal(t, reply, got)

	again, err := cloudevent.NewRepaired(message, reply, time.UnixMilli(1))
	require.NoError(t, err)
	assert.Equal(t, event.ID(), again.ID(), "the same truth is the same event")
	reply.DroppedSeq = 5
	other, err := cloudevent.NewRepaired(message, reply, time.UnixMilli(1))
	require.NoError(t, err)
	assert.NotEqual(t, event.ID(), other.ID())

	marker, ok := event.Marker()
	require.True(t, ok)
	_, got, err = marker.Truth()
	require.NoError(t, err)
	assert.Equal(t, event.ID(), marker.ID())
	assert.Zero(t, got.CompleteFlag)
	assert.Empty(t, got.ExtensionList)
	assert.EqualValues(t, math.MaxInt64, got.LatestSeq)
}

func TestNewForwarded(t *testing.T) {
	at := time.UnixMilli(1764688294360)
	event, err := cloudevent.NewForwarded("1400000000", "Group.CallbackBeforeSendMsg", []byte(`{ "a": 1 }`), at)
	require.NoError(t, err)
	all := attributes(t, event)
	assert.Equal(t, "com.tencent.chat.Group.CallbackBeforeSendMsg", all["type"])
	assert.Equal(t, "/chat/1400000000", all["source"])
	assert.Equal(t, map[string]any{"a": 1.0}, all["data"])
	assert.Len(t, all["id"], 64)
	assert.NotContains(t, all, "sequence")

	binary, err := cloudevent.NewForwarded("1400000000", "Group.CallbackBeforeSendMsg", []byte("not JSON"), at)
	require.NoError(t, err)
	assert.Equal(t, "bm90IEpTT04=", attributes(t, binary)["data_base64"])
	assert.NotEqual(t, event.ID(), binary.ID())
	_, marked := event.Marker()
	assert.False(t, marked, "only the truth can be read again")
}

// Every event that a vector makes is valid by the specification's own schema, and comes back whole.
func TestNew_IsValidAndComesBack(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/cloudevents.json")
	require.NoError(t, err)
	events := 0
	for _, vector := range vectortest.Load(t) {
		command := msgext.GroupCommand
		if strings.Contains(vector.Name, "c2c") {
			command = msgext.C2CCommand
		}
		change, err := msgext.Decode("1400000000", command, []byte(vector.Request.Body))
		if err != nil {
			continue
		}
		events++
		event, err := cloudevent.New(change)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(event.JSON())))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(value), vector.Name)

		decoded, err := cloudevent.Decode(event.JSON())
		require.NoError(t, err)
		got, err := decoded.Change()
		require.NoError(t, err)
		got.Body, change.Body = nil, nil
		assert.Equal(t, change, got, vector.Name)
	}
	assert.Greater(t, events, 10)
}

func TestDecode_IsTheInverseOfNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 8, -1)
		body, err := json.Marshal(map[string]any{
			"CallbackCommand": msgext.GroupCommand, "GroupId": text.Draw(t, "group"), "MsgSeq": rapid.Int64Min(0).Draw(t, "message"), "OperateType": 1,
			"ExtensionList": []msgext.KeyValue{{Key: text.Draw(t, "key"), Value: rapid.String().Draw(t, "value"), Seq: rapid.Int64Min(0).Draw(t, "version")}}, "Seq": 1,
		})
		require.NoError(t, err)
		change := decode(t, msgext.GroupCommand, string(body))
		event, err := cloudevent.New(change)
		require.NoError(t, err)
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

func TestDecode_RefusesWhatIsNoneWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{
		"", "null", "[]", "7f3a", `{"specversion":"1.0"}`, `{"specversion":"0.3","id":"7f3a","source":"/","type":"t"}`, `{"specversion":"1.0","id":"","source":"/","type":"7f3a"}`,
	} {
		_, err := cloudevent.Decode([]byte(text))
		require.ErrorIs(t, err, cloudevent.ErrFormat, text)
		assert.NotContains(t, err.Error(), "7f3a")
	}
	foreign, err := cloudevent.Decode([]byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.example","data":{}}`))
	require.NoError(t, err)
	_, err = foreign.Change()
	assert.ErrorIs(t, err, cloudevent.ErrOtherWay)
	_, _, err = foreign.Truth()
	assert.ErrorIs(t, err, cloudevent.ErrOtherWay)
}

func FuzzDecode(f *testing.F) {
	event, err := cloudevent.New(decode(f, msgext.GroupCommand, setBody))
	require.NoError(f, err)
	f.Add(event.JSON())
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.repaired","partitionkey":"1/g/1","data":{}}`))
	f.Fuzz(func(t *testing.T, encoded []byte) {
		event, err := cloudevent.Decode(encoded)
		if err != nil {
			require.ErrorIs(t, err, cloudevent.ErrFormat)
			return
		}
		_, _ = event.Change()
		_, _, _ = event.Truth()
		_, _ = event.Marker()
	})
}

func BenchmarkNew(b *testing.B) {
	change := decode(b, msgext.GroupCommand, setBody)
	b.Run("event", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cloudevent.New(change); err != nil {
				b.Fatal(err)
			}
		}
	})
	// The floor: encoding/json of the same members.
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(map[string]any{
				"specversion": "1.0", "id": "1400000000/g/10/56", "source": "/chat/1400000000/groups/g", "subject": "messages/10", "type": "t",
				"datacontenttype": "application/json", "sequence": "00000000000000000056", "partitionkey": "p", "data": json.RawMessage(change.Body),
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleDecode() {
	// What a consumer has received from its queue.
	received := []byte(`{"specversion":"1.0","id":"1400000000/poll/10/56","source":"/chat/1400000000/groups/poll","subject":"messages/10",
		"type":"com.tencent.chat.group.msgextension.set","partitionkey":"1400000000/poll/10","sequence":"00000000000000000056","datacontenttype":"application/json",
		"data":{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"poll","MsgSeq":10,"OperateType":1,
			"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":56}],"Seq":56}}`)
	event, err := cloudevent.Decode(received)
	if err != nil {
		panic(err)
	}
	if event.IsRepaired() {
		return // replace what is known of event.Truth's message
	}
	change, err := event.Change()
	if err != nil {
		panic(err)
	}
	for _, kv := range change.KeyValues {
		_, _ = os.Stdout.WriteString(kv.Key + " voted for " + kv.Value + "\n")
	}
	// Output: alice voted for option 2
}
