package msgext_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/msgext"
)

// The vendor's samples (trtc.io/document/76007, read 2026-01-04), without the page's comments.
const (
	setSample    = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"key2","Value":"value2","Seq":56},{"Key":"key3","Value":"12122","Seq":56}],"Seq":56,"EventTime":1764688294360}`
	deleteSample = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":2,"ExtensionList":[{"Key":"key2","Value":"","Seq":57},{"Key":"key3","Value":"","Seq":57}],"Seq":57,"EventTime":1764688312045}`
	clearSample  = `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10,"OperateType":3,"ExtensionList":[],"Seq":58,"EventTime":1764688329047}`
	c2cSample    = `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"a","To_Account":"b","MsgKey":"93847636_1287657_1764688415","OperateType":1,"ExtensionList":[{"Key":"k1","Value":"v1","Seq":1}],"Seq":1,"EventTime":1764688540182}`
)

func TestDecode_Samples(t *testing.T) {
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10}
	tests := []struct {
		name, command, body string
		want                msgext.Event
		version             int64
	}{
		{"set", msgext.GroupCommand, setSample, msgext.Event{
			Message: message, Operation: msgext.Set, Seq: 56, Time: time.UnixMilli(1764688294360).UTC(),
			KeyValues: []msgext.KeyValue{{Key: "key2", Value: "value2", Seq: 56}, {Key: "key3", Value: "12122", Seq: 56}},
		}, 56},
		{"delete", msgext.GroupCommand, deleteSample, msgext.Event{
			Message: message, Operation: msgext.Delete, Seq: 57, Time: time.UnixMilli(1764688312045).UTC(),
			KeyValues: []msgext.KeyValue{{Key: "key2", Seq: 57}, {Key: "key3", Seq: 57}},
		}, 57},
		{"clear", msgext.GroupCommand, clearSample, msgext.Event{
			Message: message, Operation: msgext.Clear, Seq: 58, Time: time.UnixMilli(1764688329047).UTC(),
		}, 58},
		{"one-to-one", msgext.C2CCommand, c2cSample, msgext.Event{
			Message:   msgext.Message{SDKAppID: "1400000000", From: "a", To: "b", MsgKey: "93847636_1287657_1764688415"},
			Operation: msgext.Set, Seq: 1, Time: time.UnixMilli(1764688540182).UTC(),
			KeyValues: []msgext.KeyValue{{Key: "k1", Value: "v1", Seq: 1}},
		}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := msgext.Decode("1400000000", test.command, []byte(test.body))
			require.NoError(t, err)
			test.want.Body = []byte(test.body)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.version, got.Version())
			assert.Equal(t, test.command, got.Command())
		})
	}
}

func TestEvent_VersionIsThatOfItsKeyValues(t *testing.T) {
	event := msgext.Event{Operation: msgext.Set, Seq: 9, KeyValues: []msgext.KeyValue{{Key: "a", Seq: 7}, {Key: "b", Seq: 8}}}
	assert.EqualValues(t, 8, event.Version())
	assert.EqualValues(t, 9, event.Latest())
	event.Seq = 1
	assert.EqualValues(t, 8, event.Latest(), "a key-value above the outer Seq must not hide")
	assert.EqualValues(t, 4, msgext.Event{Operation: msgext.Clear, Seq: 4}.Version())
}

func TestEvent_OverLimit(t *testing.T) {
	event := msgext.Event{KeyValues: []msgext.KeyValue{
		{Key: strings.Repeat("k", 100), Value: strings.Repeat("v", 1024)},
		{Key: strings.Repeat("k", 101)},
		{Key: "k", Value: strings.Repeat("v", 1025)},
	}}
	assert.Equal(t, 2, event.OverLimit())
}

func TestDecode_ACommandThatIsNotOurs(t *testing.T) {
	_, err := msgext.Decode("1", "Group.CallbackAfterSendMsg", []byte(setSample))
	assert.ErrorIs(t, err, msgext.ErrFormat)
}

func TestDecode_FaultsAreTypedAndBounded(t *testing.T) {
	body := fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,"ExtensionList":[%s{}]}`,
		msgext.GroupCommand, strings.Repeat(`{"Key":"secret-content","Value":7,"Seq":-1},`, 50_000))
	_, err := msgext.Decode("1", msgext.GroupCommand, []byte(body))

	var format *msgext.FormatError
	require.ErrorAs(t, err, &format)
	assert.Len(t, format.Fields, 8)
	assert.Equal(t, 2*1000+999+1-8, format.More, "two in each of the first thousand, the key again, how many there are")
	assert.Equal(t, msgext.FieldError{Path: "ExtensionList[0].Value", Problem: "not a string"}, format.Fields[0])
	var field msgext.FieldError
	require.ErrorAs(t, err, &field)
	assert.Less(t, len(err.Error()), 1000)
	assert.NotContains(t, err.Error(), "secret-content")
}

func TestDecode_AThousandKeyValuesAtMost(t *testing.T) {
	list := make([]msgext.KeyValue, 1001)
	for i := range list {
		list[i] = msgext.KeyValue{Key: fmt.Sprint("key", i), Value: "v", Seq: 3}
	}
	event, err := decodeSet(t, list[:1000])
	require.NoError(t, err)
	assert.Equal(t, list[:1000], event.KeyValues)
	_, err = decodeSet(t, list)
	assert.EqualError(t, err, "msgext: ExtensionList: more than 1000 key-values, got 1001")

	list[999].Key = "key0"
	_, err = decodeSet(t, list[:1000])
	require.ErrorIs(t, err, msgext.ErrFormat)
	assert.EqualError(t, err, "msgext: ExtensionList[999].Key: same as that of ExtensionList[0]")
}

func decodeSet(t require.TestingT, list []msgext.KeyValue) (msgext.Event, error) {
	body, err := json.Marshal(map[string]any{
		"CallbackCommand": msgext.GroupCommand, "GroupId": "g", "MsgSeq": 1, "OperateType": 1, "Seq": 3, "ExtensionList": list,
	})
	require.NoError(t, err)
	return msgext.Decode("1", msgext.GroupCommand, body)
}

func TestDecode_GivesBackWhateverKeysAndValuesWereEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) msgext.KeyValue {
			return msgext.KeyValue{
				Key:   rapid.StringN(1, 20, -1).Draw(t, "key"),
				Value: rapid.String().Draw(t, "value"),
				Seq:   rapid.Int64Min(0).Draw(t, "seq"),
			}
		}), 1, 40, func(kv msgext.KeyValue) string { return kv.Key }).Draw(t, "list")
		event, err := decodeSet(t, list)
		require.NoError(t, err)
		require.Equal(t, list, event.KeyValues)
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []int{2, 20, 300} {
		list := make([]msgext.KeyValue, n)
		for i := range list {
			list[i] = msgext.KeyValue{Key: fmt.Sprint("user", i), Value: "option 2", Seq: 56}
		}
		body, err := json.Marshal(map[string]any{
			"CallbackCommand": msgext.GroupCommand, "GroupId": "test", "MsgSeq": 10, "OperateType": 1,
			"ExtensionList": list, "Seq": 56, "EventTime": 1764688294360,
		})
		require.NoError(b, err)
		b.Run(fmt.Sprintf("keys=%d/ours", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := msgext.Decode("1", msgext.GroupCommand, body); err != nil {
					b.Fatal(err)
				}
			}
		})
		// The least possible cost: the standard library, without any of our rules.
		b.Run(fmt.Sprintf("keys=%d/encoding-json", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var event struct {
					CallbackCommand, GroupId string
					MsgSeq, OperateType, Seq int64
					ExtensionList            []msgext.KeyValue
					EventTime                int64
				}
				if err := json.Unmarshal(body, &event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
