package msgext_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/msgext"
)

func TestRecalled(t *testing.T) {
	const app = "1400000000"
	tests := []struct {
		name, command, body string
		want                []msgext.Message
	}{
		// trtc.io/document/46979, its sample without the topic.
		{name: "a group's", command: msgext.GroupRecallCommand,
			body: `{"CallbackCommand":"Group.CallbackAfterRecallMsg","Operator_Account":"admin","Type":"Public","GroupId":"1213456","MsgSeqList":[{"MsgSeq":130},{"MsgSeq":131}],"EventTime":"1670574414123"}`,
			want: []msgext.Message{{SDKAppID: app, GroupID: "1213456", MsgSeq: 130}, {SDKAppID: app, GroupID: "1213456", MsgSeq: 131}}},
		{name: "a topic's", command: msgext.GroupRecallCommand,
			body: `{"GroupId":"1213456","MsgSeqList":[{"MsgSeq":130}],"TopicId":"@TGS#_@TGS#cQVLVHIM62CJ@TOPIC#_TestTopic"}`,
			want: []msgext.Message{{SDKAppID: app, GroupID: "@TGS#_@TGS#cQVLVHIM62CJ@TOPIC#_TestTopic", MsgSeq: 130}}},
		// trtc.io/document/43466.
		{name: "one-to-one", command: msgext.C2CRecallCommand,
			body: `{"CallbackCommand":"C2C.CallbackAfterMsgWithDraw","From_Account":"jared","To_Account":"Jonh","MsgKey":"48374_2837546_1557481126","UnreadMsgNum":7}`,
			want: []msgext.Message{{SDKAppID: app, From: "jared", To: "Jonh", MsgKey: "48374_2837546_1557481126"}}},
		{name: "a number as text", command: msgext.GroupRecallCommand, body: `{"GroupId":"g","MsgSeqList":[{"MsgSeq":"7"}]}`,
			want: []msgext.Message{{SDKAppID: app, GroupID: "g", MsgSeq: 7}}},
		{name: "what cannot be read is passed over", command: msgext.GroupRecallCommand, body: `{"GroupId":"g","MsgSeqList":[{"MsgSeq":-1},{},{"MsgSeq":1.5},{"MsgSeq":8}]}`,
			want: []msgext.Message{{SDKAppID: app, GroupID: "g", MsgSeq: 8}}},
		{name: "no group", command: msgext.GroupRecallCommand, body: `{"MsgSeqList":[{"MsgSeq":1}]}`},
		{name: "no key", command: msgext.C2CRecallCommand, body: `{"From_Account":"a","To_Account":"b"}`},
		{name: "another command", command: "Group.CallbackAfterSendMsg", body: `{"GroupId":"g","MsgSeqList":[{"MsgSeq":1}]}`},
		{name: "no JSON", command: msgext.GroupRecallCommand, body: `{"GroupId":"g"`},
		{name: "another type", command: msgext.GroupRecallCommand, body: `{"GroupId":7,"MsgSeqList":{}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, msgext.Recalled(app, test.command, []byte(test.body)))
		})
	}
	many := `{"GroupId":"g","MsgSeqList":[` + strings.Repeat(`{"MsgSeq":1},`, 5000) + `{"MsgSeq":2}]}`
	assert.Len(t, msgext.Recalled(app, msgext.GroupRecallCommand, []byte(many)), 100, "each costs the store a write")
}
