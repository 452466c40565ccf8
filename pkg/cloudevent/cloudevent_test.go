package cloudevent_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/vectortest"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

const setBody = `{"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "@TGS#1/a", "MsgSeq": 10, "OperateType": 1,
	"ExtensionList": [{"Key": "key2", "Value": "value2", "Seq": 56}], "Seq": 56, "EventTime": 1764688294360, "Extra": 1.50e1}`

var received = time.UnixMilli(1764688294500)

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
	event, err := cloudevent.New(decode(t, msgext.GroupCommand, setBody), received)
	require.NoError(t, err)
	all := attributes(t, event)
	delete(all, "data")
	assert.Equal(t, map[string]any{
		"specversion": "1.0", "id": "1400000000/@TGS%231%2Fa/10/56/" + digest(event), "source": "/chat/1400000000/groups/@TGS%231%2Fa", "subject": "messages/10",
		"type": "com.tencent.chat.group.msgextension.set", "time": "2025-12-02T15:11:34.36Z", "datacontenttype": "application/json",
		"sequence": "00000000000000000056", "received": "00000001764688294500", "partitionkey": "1400000000/@TGS%231%2Fa/10",
	}, all)
	assert.JSONEq(t, setBody, string(event.Data()))
	assert.Contains(t, string(event.JSON()), `"Extra":1.50e1`, "the same JSON value, its numbers as they were written")
	assert.NotContains(t, string(event.Data()), " ")
}

func digest(event cloudevent.Event) string {
	sum := sha256.Sum256(event.Data())
	return hex.EncodeToString(sum[:8])
}

// If a forgery under a version had the same id as the real change, a consumer that compares ids
// would lose the real one.
func TestNew_AForgeryHasAnotherID(t *testing.T) {
	real, err := cloudevent.New(decode(t, msgext.GroupCommand, setBody), received)
	require.NoError(t, err)
	again, err := cloudevent.New(decode(t, msgext.GroupCommand, setBody), received.Add(time.Second))
	require.NoError(t, err)
	assert.Equal(t, real.ID(), again.ID(), "a redelivery is the same event")
	assert.EqualValues(t, 1764688295500, again.ReceivedMillis())
	forged, err := cloudevent.New(decode(t, msgext.GroupCommand, strings.Replace(setBody, "value2", "forged", 1)), received)
	require.NoError(t, err)
	assert.NotEqual(t, real.ID(), forged.ID())
	assert.Equal(t, real.Sequence(), forged.Sequence())
}

func TestEvent_ReceivedMillis(t *testing.T) {
	for text, want := range map[string]int64{`"00000001764688294500"`: 1764688294500, `""`: 0, `"soon"`: 0, `7`: 0, `null`: 0} {
		event, err := cloudevent.Decode(with(`,"received":` + text))
		require.NoError(t, err)
		assert.Equal(t, want, event.ReceivedMillis(), text)
	}
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
			event, err := cloudevent.New(decode(t, msgext.C2CCommand, test.body), received)
			require.NoError(t, err)
			all := attributes(t, event)
			assert.Equal(t, test.wantType, all["type"])
			assert.Equal(t, "1400000000/a%2Fb/%C3%A9/1_2_3/7/"+digest(event), all["id"])
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
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "g", MsgSeq: 0}
	truth := cloudevent.Truth{
		Address:   message.Address(),
		ReadReply: msgext.NewReadReply(math.MaxInt64, 3, []msgext.KeyValue{{Key: "k", Value: "v", Seq: 9}}),
		Place:     cloudevent.Place{ReadNumber: 1764688294000, DecidedBefore: 1764688234000},
	}
	event, err := cloudevent.NewRepaired(message, truth, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	assert.Regexp(t, `^1400000000/g/0/9223372036854775807/repaired/[0-9a-f]{16}$`, event.ID())
	assert.Equal(t, "09223372036854775807", event.Sequence())
	assert.True(t, event.IsRepaired())
	assert.JSONEq(t, `{"GroupId":"g","MsgSeq":0,"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":9223372036854775807,"ClearSeq":3,
		"ExtensionList":[{"Key":"k","Value":"v","Seq":9}],"ReadNumber":1764688294000,"DecidedBefore":1764688234000}`, string(event.Data()))
	gotMessage, got, err := event.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, gotMessage)
	assert.Equal(t, truth, got)

	again, err := cloudevent.NewRepaired(message, truth, time.UnixMilli(1))
	require.NoError(t, err)
	assert.Equal(t, event.ID(), again.ID(), "the same read is the same event")
	truth.ReadNumber++
	other, err := cloudevent.NewRepaired(message, truth, time.UnixMilli(1))
	require.NoError(t, err)
	assert.NotEqual(t, event.ID(), other.ID())

	marker, ok := event.Marker()
	require.True(t, ok)
	requireValid(t, event)
	requireValid(t, marker)
	_, got, err = marker.Truth()
	require.NoError(t, err)
	assert.Equal(t, event.ID(), marker.ID())
	assert.Zero(t, got.CompleteFlag)
	assert.Empty(t, got.ExtensionList)
	assert.EqualValues(t, math.MaxInt64, got.LatestSeq)
	assert.EqualValues(t, 1764688294000, got.ReadNumber)
}

func TestNewGone(t *testing.T) {
	message := msgext.Message{SDKAppID: "1400000000", From: "a/b", To: "c", MsgKey: "1_2_3"}
	place := cloudevent.Place{ReadNumber: 1764688294000, DecidedBefore: 1764688293999}
	event, err := cloudevent.NewGone(message, place, time.UnixMilli(1764688294360))
	require.NoError(t, err)
	requireValid(t, event)
	assert.Equal(t, "1400000000/a%2Fb/c/1_2_3/gone/1764688294000", event.ID())
	assert.Equal(t, "com.tencent.chat.c2c.msgextension.gone", event.Type())
	assert.True(t, event.IsGone())
	assert.False(t, event.IsRepaired())
	assert.Empty(t, event.Sequence())
	assert.JSONEq(t, `{"From_Account":"a/b","To_Account":"c","MsgKey":"1_2_3","ReadNumber":1764688294000,"DecidedBefore":1764688293999}`, string(event.Data()))
	gotMessage, got, err := event.Truth()
	require.NoError(t, err)
	assert.Equal(t, message, gotMessage)
	assert.Equal(t, place, got.Place)
	assert.Equal(t, msgext.NewReadReply(0, 0, nil), got.ReadReply)
	_, err = event.Change()
	assert.ErrorIs(t, err, cloudevent.ErrKind)
	_, marked := event.Marker()
	assert.False(t, marked, "there is nothing to read")
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

	_, marked := event.Marker()
	assert.False(t, marked, "only the truth can be read again")

	other, err := cloudevent.NewForwarded("1400000000", "Group.CallbackBeforeSendMsg", []byte(`{ "a": 2 }`), at)
	require.NoError(t, err)
	assert.NotEqual(t, event.ID(), other.ID())
}

func TestNewForwarded_WhateverTheBody(t *testing.T) {
	tests := []struct{ name, body, wantData, wantBase64 string }{
		{name: "an object, its numbers as written", body: `{ "a": 12345678901234567890.10, "b": 1e400 }`, wantData: `{"a":12345678901234567890.10,"b":1e400}`},
		{name: "null", body: " null ", wantData: "null"},
		{name: "a text that HTML would escape", body: `"<\u2028>"`, wantData: `"<\u2028>"`},
		{name: "empty", body: "", wantBase64: `""`},
		{name: "no JSON", body: "not JSON", wantBase64: `"bm90IEpTT04="`},
		{name: "a byte order mark", body: "\ufeff{}", wantBase64: `"77u/e30="`},
		{name: "no UTF-8", body: "{\"a\":\"\xff\"}", wantBase64: `"eyJhIjoi/yJ9"`},
		{name: "a lone surrogate", body: `"\ud800"`, wantBase64: `"Ilx1ZDgwMCI="`},
		{name: "a name twice", body: `{"a":1,"a":2}`, wantBase64: `"eyJhIjoxLCJhIjoyfQ=="`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, err := cloudevent.NewForwarded("1400000000", "State.StateChange", []byte(test.body), time.Time{})
			require.NoError(t, err)
			requireValid(t, event)
			var all struct {
				Type   string          `json:"datacontenttype"`
				Data   json.RawMessage `json:"data"`
				Base64 json.RawMessage `json:"data_base64"`
			}
			require.NoError(t, json.Unmarshal(event.JSON(), &all))
			assert.Equal(t, test.wantData, string(all.Data))
			assert.Equal(t, test.wantBase64, string(all.Base64))
			assert.Equal(t, test.wantBase64 != "", all.Type == "application/octet-stream")

			decoded, err := cloudevent.Decode(event.JSON())
			require.NoError(t, err)
			assert.Equal(t, string(event.Data()), string(decoded.Data()))
		})
	}
}

// The command is a parameter of the query, so a sender with a valid Sign may write anything into
// it.
func TestNewForwarded_WhateverTheCommand(t *testing.T) {
	for _, command := range []string{"a\xffb", "a\nb", `a"b`, "\ufffe", "", "日本"} {
		event, err := cloudevent.NewForwarded("1400000000", command, []byte("{}"), time.Time{})
		require.NoError(t, err)
		requireValid(t, event)
		assert.Regexp(t, `^com\.tencent\.chat\.[!-~]*$`, event.Type())
	}
}

// requireValid checks an event against the specification's own schema.
func requireValid(t require.TestingT, event cloudevent.Event) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat() // URI references and times, too
	schema, err := compiler.Compile("testdata/cloudevents.json")
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(event.JSON()))
	require.NoError(t, err)
	require.NoError(t, schema.Validate(value))
	require.True(t, jsontext.Value(event.JSON()).IsValid(), "and is JSON that every reader takes in the same way")
}

// Every event made from a vector is valid by the specification's own schema, and decodes to the
// same event.
func TestNew_IsValidAndComesBack(t *testing.T) {
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
		event, err := cloudevent.New(change, received)
		require.NoError(t, err)
		requireValid(t, event)
		decoded, err := cloudevent.Decode(event.JSON())
		require.NoError(t, err)
		got, err := decoded.Change()
		require.NoError(t, err)
		if slices.ContainsFunc(change.Tolerated, func(fault msgext.FieldError) bool { return fault.Path != "EventTime" }) {
			change.Tolerated = nil // the text has been corrected
		}
		got.Body, change.Body = nil, nil
		assert.Equal(t, change, got, vector.Name)
	}
	assert.Greater(t, events, 10)
}
