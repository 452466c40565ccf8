package msgext_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/msgext"
)

// The vendor's own sample (trtc.io/document/34375), shortened, with the custom element of the
// vendor's polls.
const (
	groupSent = `{"CallbackCommand":"Group.CallbackAfterSendMsg","GroupId":"@TGS#2J4SZEAEL","Type":"Public","From_Account":"jared","Operator_Account":"admin",` +
		`"Random":123456,"MsgSeq":123,"MsgTime":1490686222,"OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"businessID\":\"group_poll\"}"}}]}`
	c2cSent = `{"CallbackCommand":"C2C.CallbackAfterSendMsg","From_Account":"jared","To_Account":"Johnny","MsgSeq":48374,"MsgRandom":2837546,"MsgTime":1557481126,` +
		`"MsgKey":"48374_2837546_1557481126","OnlineOnlyFlag":0,"SendMsgResult":0,"ErrorInfo":"send msg succeed","MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"group_poll"}}]}`
)

func TestAnnounced(t *testing.T) {
	polls, everything := []string{"task_list", "group_poll"}, []string{"*"}
	group := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#2J4SZEAEL", MsgSeq: 123}
	c2c := msgext.Message{SDKAppID: "1400000000", From: "jared", To: "Johnny", MsgKey: "48374_2837546_1557481126"}
	with := func(body, old, replacement string) string {
		if !strings.Contains(body, old) {
			panic(old)
		}
		return strings.Replace(body, old, replacement, 1)
	}
	plain := with(groupSent, "group_poll", "greeting")
	tests := []struct {
		name, command, body string
		texts               []string
		want                msgext.Message
	}{
		{"a poll in a group", msgext.GroupSendCommand, groupSent, polls, group},
		{"a poll one-to-one", msgext.C2CSendCommand, c2cSent, polls, c2c},
		{"another message", msgext.GroupSendCommand, plain, polls, msgext.Message{}},
		{"every message", msgext.GroupSendCommand, plain, everything, group},
		{"no texts", msgext.GroupSendCommand, with(groupSent, `{"C`, `{"SupportMessageExtension":1,"C`), nil, msgext.Message{}},
		{"another command", "Group.CallbackBeforeSendMsg", groupSent, everything, msgext.Message{}},
		{"supports extensions", msgext.GroupSendCommand, with(plain, `{"C`, `{"SupportMessageExtension":1,"C`), polls, group},
		{"does not", msgext.GroupSendCommand, with(plain, `{"C`, `{"SupportMessageExtension":0,"C`), polls, msgext.Message{}},
		{"speaks of the field in its text", msgext.GroupSendCommand, with(plain, `greeting`, `SupportMessageExtension`), polls, msgext.Message{}},
		{"to those online alone", msgext.GroupSendCommand, with(groupSent, `"OnlineOnlyFlag":0`, `"OnlineOnlyFlag":1`), everything, msgext.Message{}},
		{"to those online alone, as text", msgext.C2CSendCommand, with(c2cSent, `"OnlineOnlyFlag":0`, `"OnlineOnlyFlag":"1"`), everything, msgext.Message{}},
		{"not sent", msgext.C2CSendCommand, with(c2cSent, `"SendMsgResult":0`, `"SendMsgResult":20012`), everything, msgext.Message{}},
		{"not sent, below zero", msgext.C2CSendCommand, with(c2cSent, `"SendMsgResult":0`, `"SendMsgResult":-1`), everything, msgext.Message{}},
		{"in a community", msgext.GroupSendCommand, with(groupSent, `"Public"`, `"Community"`), everything, msgext.Message{}},
		{"in a community's topic", msgext.GroupSendCommand, with(groupSent, `"Type"`, `"TopicId":"@TGS#t","Type"`), everything, msgext.Message{}},
		{"in an audience", msgext.GroupSendCommand, with(groupSent, `"Public"`, `"AVChatRoom"`), everything, msgext.Message{}},
		{"in a live room", msgext.GroupSendCommand, with(groupSent, `"Public"`, `"Live"`), everything, msgext.Message{}},
		{"the number as text", msgext.GroupSendCommand, with(groupSent, `"MsgSeq":123`, `"MsgSeq":"123"`), polls, group},
		{"a flag of another type", msgext.GroupSendCommand, with(groupSent, `"OnlineOnlyFlag":0`, `"OnlineOnlyFlag":{}`), polls, group},
		{"no number", msgext.GroupSendCommand, with(groupSent, `"MsgSeq":123,`, ``), polls, msgext.Message{}},
		{"a number below zero", msgext.GroupSendCommand, with(groupSent, `"MsgSeq":123`, `"MsgSeq":-1`), polls, msgext.Message{}},
		{"no group", msgext.GroupSendCommand, with(groupSent, `"GroupId":"@TGS#2J4SZEAEL",`, ``), polls, msgext.Message{}},
		{"no key", msgext.C2CSendCommand, with(c2cSent, `"MsgKey":"48374_2837546_1557481126",`, ``), polls, msgext.Message{}},
		{"no JSON", msgext.GroupSendCommand, `group_poll`, polls, msgext.Message{}},
		{"nothing", msgext.GroupSendCommand, ``, everything, msgext.Message{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, announced := msgext.Announced("1400000000", test.command, []byte(test.body), test.texts)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.want != msgext.Message{}, announced)
		})
	}
}
