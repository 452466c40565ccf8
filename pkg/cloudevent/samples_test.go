package cloudevent_test

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

var update = flag.Bool("update", false, "write the samples of docs/events.md anew")

// samples returns one event of each type about a group's message, and three about a one-to-one
// message.
func samples(t *testing.T) []cloudevent.Event {
	t.Helper()
	at := time.UnixMilli(1764688360000)
	group := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#2J4SZEAEL", MsgSeq: 10}
	c2c := msgext.Message{SDKAppID: "1400000000", From: "alice", To: "bob", MsgKey: "93847636_1287657_1764688415"}
	changed := func(command, body string) cloudevent.Event {
		event, err := cloudevent.New(decode(t, command, body), received)
		require.NoError(t, err)
		return event
	}
	repaired := func(message msgext.Message) cloudevent.Event {
		event, err := cloudevent.NewRepaired(message, cloudevent.Truth{
			ReadReply: msgext.NewReadReply(58, 57, []msgext.KeyValue{{Key: "alice", Value: "option 1", Seq: 58}}),
			Place:     cloudevent.Place{ReadNumber: 1764688359412, DecidedBefore: 1764688299412},
		}, at)
		require.NoError(t, err)
		return event
	}
	gone := func(message msgext.Message) cloudevent.Event {
		event, err := cloudevent.NewGone(message, cloudevent.Place{ReadNumber: 1764688420133, DecidedBefore: 1764688420133}, at.Add(time.Minute))
		require.NoError(t, err)
		return event
	}
	forwarded, err := cloudevent.NewForwarded("1400000000", "Group.CallbackAfterSendMsg",
		[]byte(`{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"@TGS#2J4SZEAEL","MsgSeq":11}`), at)
	require.NoError(t, err)
	const ids = `"GroupId":"@TGS#2J4SZEAEL","MsgSeq":10,`
	return []cloudevent.Event{
		changed(msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",`+ids+
			`"OperateType":1,"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":55},{"Key":"bob","Value":"option 1","Seq":55}],"Seq":55,"EventTime":1764688294360}`),
		changed(msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",`+ids+
			`"OperateType":2,"ExtensionList":[{"Key":"bob","Seq":56}],"Seq":56,"EventTime":1764688294380}`),
		changed(msgext.GroupCommand, `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",`+ids+`"OperateType":3,"Seq":57,"EventTime":1764688294400}`),
		repaired(group), gone(group),
		changed(msgext.C2CCommand, `{"CallbackCommand":"C2C.CallbackAfterC2CMsgExtension","From_Account":"alice","To_Account":"bob",`+
			`"MsgKey":"93847636_1287657_1764688415","OperateType":1,"ExtensionList":[{"Key":"task","Value":"done","Seq":3}],"Seq":3,"EventTime":1764688294360}`),
		repaired(c2c), gone(c2c), forwarded,
	}
}

// The samples of docs/events.md must be the events that are sent, byte by byte except for
// whitespace.
func TestDocs_Samples(t *testing.T) {
	const file = "../../docs/events.md"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```")
	want := samples(t)
	require.Len(t, blocks.FindAll(page, -1), len(want), "one sample of each type")
	if *update {
		next := 0
		page = blocks.ReplaceAllFunc(page, func([]byte) []byte {
			sample := jsontext.Value(want[next].JSON()).Clone()
			require.NoError(t, sample.Indent(jsontext.WithIndent("  ")))
			next++
			return []byte("```json\n" + string(sample) + "\n```")
		})
		require.NoError(t, os.WriteFile(file, page, 0o644))
	}
	for i, block := range blocks.FindAllSubmatch(page, -1) {
		sample := jsontext.Value(block[1])
		require.NoError(t, sample.Compact())
		require.Equal(t, string(want[i].JSON()), string(sample), "go test ./pkg/cloudevent -run Samples -update writes them anew")
	}
}
