package msgext_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
)

// with returns the vendor's sample of a set with one part replaced.
func with(t require.TestingT, old, new string) []byte {
	require.Equal(t, 1, strings.Count(setSample, old))
	return []byte(strings.Replace(setSample, old, new, 1))
}

func TestDecode_IntegersInAnyExactSpelling(t *testing.T) {
	tests := []struct {
		spelling string
		want     int64
		problem  string
	}{
		{"10", 10, ""}, {"10.0", 10, ""}, {"10.000", 10, ""}, {"1e1", 10, ""}, {"1E+1", 10, ""}, {"0.1e2", 10, ""}, {"100e-1", 10, ""},
		{"1.0e0001", 10, ""}, {`"10"`, 10, ""}, {`"\u00310"`, 10, ""},
		{"0", 0, ""}, {"-0", 0, ""}, {"0.0", 0, ""}, {"0e999999999999999999999", 0, ""}, {`"0"`, 0, ""}, {"0E-5", 0, ""},
		{"9223372036854775807", 1<<63 - 1, ""}, {"9223372036854775807.0", 1<<63 - 1, ""}, {"9223372036854775.807e3", 1<<63 - 1, ""}, {`"9223372036854775807"`, 1<<63 - 1, ""},
		{"1" + strings.Repeat("0", 400) + "e-399", 10, ""}, {"0." + strings.Repeat("0", 400) + "1e402", 10, ""},
		{"10.5", 0, "not an integer"}, {"1e-1", 0, "not an integer"}, {"10.00000000000000000001", 0, "not an integer"}, {"-1.5", 0, "not an integer"},
		{"1e-99999999999999999999", 0, "not an integer"},
		{"-1", 0, "negative"}, {"-1e1", 0, "negative"}, {"-9223372036854775809", 0, "negative"},
		{"9223372036854775808", 0, "greater than 9223372036854775807"}, {"1e19", 0, "greater than 9223372036854775807"},
		{"1e99999999999999999999", 0, "greater than 9223372036854775807"}, {`"9223372036854775808"`, 0, "greater than 9223372036854775807"},
		{`"010"`, 0, "not an integer"}, {`"00"`, 0, "not an integer"}, {`""`, 0, "not an integer"}, {`" 10"`, 0, "not an integer"}, {`"+10"`, 0, "not an integer"}, {`"-1"`, 0, "not an integer"},
		{`"10.0"`, 0, "not an integer"}, {`"1e1"`, 0, "not an integer"}, {`"\u0661"`, 0, "not an integer"}, {`"0x10"`, 0, "not an integer"}, {`"1_0"`, 0, "not an integer"},
		{"true", 0, "not an integer"}, {"null", 0, "not an integer"}, {"[10]", 0, "not an integer"}, {"{}", 0, "not an integer"},
	}
	for _, test := range tests {
		t.Run(test.spelling[:min(40, len(test.spelling))], func(t *testing.T) {
			event, err := msgext.Decode("1", msgext.GroupCommand, with(t, `"MsgSeq":10`, `"MsgSeq":`+test.spelling))
			if test.problem != "" {
				assert.EqualError(t, err, "msgext: MsgSeq: "+test.problem)
			} else {
				require.NoError(t, err)
				assert.Equal(t, test.want, event.Message.MsgSeq)
			}

			event, err = msgext.Decode("1", msgext.GroupCommand, with(t, "1764688294360", test.spelling))
			require.NoError(t, err, "nothing depends on EventTime")
			switch {
			case test.spelling == "null":
				assert.Zero(t, event.Time)
				assert.Empty(t, event.Tolerated)
			case test.problem != "":
				assert.Zero(t, event.Time)
				assert.Equal(t, []msgext.FieldError{{Path: "EventTime", Problem: test.problem}}, event.Tolerated)
			default:
				assert.Equal(t, time.UnixMilli(test.want).UTC(), event.Time)
				assert.Empty(t, event.Tolerated)
			}
		})
	}
}

func TestDecode_EveryIntegerIsSpeltAsItLikes(t *testing.T) {
	event, err := msgext.Decode("1", msgext.GroupCommand, []byte(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":"1",
		"OperateType":1e0,"ExtensionList":[{"Key":"a","Value":"1","Seq":"7"},{"Key":"b","Value":"2","Seq":70e-1}],"Seq":7.0,"EventTime":"1670574414123"}`))
	require.NoError(t, err)
	assert.Equal(t, []msgext.KeyValue{{Key: "a", Value: "1", Seq: 7}, {Key: "b", Value: "2", Seq: 7}}, event.KeyValues)
	assert.Equal(t, msgext.Set, event.Operation)
	assert.EqualValues(t, 7, event.Seq)
	assert.Equal(t, time.UnixMilli(1670574414123).UTC(), event.Time)
}

func TestDecode_TextThatIsNotUnicode(t *testing.T) {
	tests := []struct {
		name, old, new string
		value          string // of the first key-value
		body           string // the replacement
		tolerated      []msgext.FieldError
		err            string
	}{
		{"a lone surrogate in a value", `"value2"`, `"\ud83d"`, "\ufffd", `"\ufffd"`, []msgext.FieldError{{Path: "ExtensionList[0].Value", Problem: "not Unicode text"}}, ""},
		{"a byte in a value", `"value2"`, "\"a\xffb\"", "a\ufffdb", "\"a\ufffdb\"", []msgext.FieldError{{Path: "ExtensionList[0].Value", Problem: "not Unicode text"}}, ""},
		{"in a field nobody reads", `"Seq":56,"EventTime"`, "\"Seq\":56,\"X\":{\"\xff\":[\"\\udead\"]},\"EventTime\"", "value2", "\"X\":{\"\ufffd\":[\"\\ufffd\"]}", nil, ""},
		{"in the other command's id", `"MsgSeq"`, `"To_Account":"\ud83d","MsgSeq"`, "value2", `"To_Account":"\ufffd"`, nil, ""},
		{"in EventTime", "1764688294360", "\"\xff\"", "value2", "\"EventTime\":\"\ufffd\"", []msgext.FieldError{{Path: "EventTime", Problem: "not an integer"}}, ""},
		{"in a key", `"key2"`, `"\ud83d"`, "", "", nil, "msgext: ExtensionList[0].Key: not Unicode text"},
		{"in two keys", `"key2","Value":"value2","Seq":56},{"Key":"key3"`, "\"\xff\",\"Seq\":56},{\"Key\":\"\xff\"", "", "", nil,
			"msgext: ExtensionList[0].Key: not Unicode text; ExtensionList[1].Key: not Unicode text"},
		{"in an id", `"test"`, "\"te\xffst\"", "", "", nil, "msgext: GroupId: not Unicode text"},
		{"in the command", `Extension"`, `Extension\udead"`, "", "", nil, "msgext: CallbackCommand: not Unicode text"},
		{"in an integer", `"MsgSeq":10`, "\"MsgSeq\":\"1\xff\"", "", "", nil, "msgext: MsgSeq: not an integer"},
		{"in two names that become one", `"MsgSeq"`, "\"\xfe\":1,\"\\udead\":1,\"MsgSeq\"", "", "", nil, "msgext: body: a name occurs twice in one object, at byte 80"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			event, err := msgext.Decode("1", msgext.GroupCommand, with(t, test.old, test.new))
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.value, event.KeyValues[0].Value)
			assert.Equal(t, test.tolerated, event.Tolerated)
			assert.True(t, jsontext.Value(event.Body).IsValid(), "every reader takes it")
			assert.Contains(t, string(event.Body), test.body)
			assert.Equal(t, strings.Count(setSample, `"`)+strings.Count(test.new, `"`)-strings.Count(test.old, `"`), strings.Count(string(event.Body), `"`), "the rest stays")
		})
	}
}

func TestDecode_ACleanBodyIsKeptAsItIs(t *testing.T) {
	body := []byte(setSample)
	event, err := msgext.Decode("1", msgext.GroupCommand, body)
	require.NoError(t, err)
	assert.Same(t, &body[0], &event.Body[0])
}

func TestDecode_ToleratedIsBounded(t *testing.T) {
	var list strings.Builder
	for i := range 20 {
		list.WriteString(strings.Repeat(",", min(i, 1)) + `{"Key":"` + strings.Repeat("k", i+1) + `","Value":"\ud83d","Seq":1}`)
	}
	event, err := msgext.Decode("1", msgext.GroupCommand, with(t, `{"Key":"key2","Value":"value2","Seq":56},{"Key":"key3","Value":"12122","Seq":56}`, list.String()))
	require.NoError(t, err)
	assert.Len(t, event.Tolerated, 8)
	assert.Len(t, event.KeyValues, 20)
}
