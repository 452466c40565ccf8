package msgext_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
)

func TestIdentify(t *testing.T) {
	const ids = `"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"test","MsgSeq":10`
	deep := strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000)
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf(`{"Key":"k%d","Value":"","Seq":1}`, i))
	}
	named := map[string]string{
		"a new OperateType":                  `{` + ids + `,"OperateType":4,"ExtensionList":[],"Seq":1}`,
		"an OperateType in words":            `{` + ids + `,"OperateType":"set","ExtensionList":[],"Seq":1}`,
		"a list of another shape":            `{` + ids + `,"OperateType":1,"ExtensionList":{"a":"b"},"Seq":1}`,
		"no Seq":                             `{` + ids + `,"OperateType":3}`,
		"a key twice":                        `{` + ids + `,"OperateType":1,"ExtensionList":[{"Key":"a","Seq":1},{"Key":"a","Seq":1}],"Seq":1}`,
		"a key that is not Unicode":          `{` + ids + `,"OperateType":1,"ExtensionList":[{"Key":"\ud83d","Seq":1}],"Seq":1}`,
		"another name twice":                 `{"Seq":1,"Seq":1,` + ids + `}`,
		"a name twice further down":          `{"X":{"a":1,"a":1},` + ids + `}`,
		"an id's name twice further down":    `{"X":{"GroupId":1,"GroupId":1},` + ids + `,"Y":[{"MsgSeq":1}]}`,
		"the other command's id, twice":      `{"MsgKey":1,"MsgKey":2,` + ids + `}`,
		"deep before":                        `{"X":` + deep + `,` + ids + `}`,
		"deep and cut after":                 `{` + ids + `,"X":` + deep[:500_001],
		"more than 1,000 key-values":         `{` + ids + `,"OperateType":1,"ExtensionList":[` + strings.Join(many, ",") + `],"Seq":1}`,
		"cut in the list":                    `{` + ids + `,"OperateType":1,"ExtensionList":[{"Key":"a","Val`,
		"cut after the ids":                  `{` + ids + `,`,
		"cut after white space":              `{` + ids + ` `,
		"a comment after the ids":            `{` + ids + `, // the message` + "\n" + `"OperateType":1}`,
		"an id once more, after the fault":   `{` + ids + `,]"MsgSeq":11}`,
		"something after it":                 `{` + ids + `}{"MsgSeq":11}`,
		"a number in another exact spelling": `{` + strings.Replace(ids, "10", "1.0e1", 1) + `}`,
		"a number as digits":                 `{` + strings.Replace(ids, "10", `"10"`, 1),
		"names escaped":                      `{` + strings.Replace(ids, "GroupId", `Group\u0049d`, 1) + `}`,
		"bytes elsewhere":                    "{\"\xff\":\"\xff\"," + ids + `}`,
	}
	for name, body := range named {
		t.Run(name, func(t *testing.T) {
			_, err := msgext.Decode("1", msgext.GroupCommand, []byte(body))
			require.ErrorIs(t, err, msgext.ErrFormat, "or it need not be named")
			message, ok := msgext.Identify("1", msgext.GroupCommand, []byte(body))
			assert.True(t, ok)
			assert.Equal(t, msgext.Message{SDKAppID: "1", GroupID: "test", MsgSeq: 10}, message)
		})
	}
	unnamed := map[string]string{
		"empty":                              ``,
		"no object":                          `[` + ids + `]`,
		"a text":                             `"` + strings.ReplaceAll(ids, `"`, `\"`) + `"`,
		"no MsgSeq":                          strings.Replace(`{`+ids+`}`, "MsgSeq", "MsgSeq2", 1),
		"another case":                       strings.Replace(`{`+ids+`}`, "GroupId", "groupId", 1),
		"no command":                         strings.Replace(`{`+ids+`}`, "CallbackCommand", "Command", 1),
		"another command":                    strings.Replace(`{`+ids+`}`, "Group.CallbackAfterGroupMsgExtension", "C2C.CallbackAfterC2CMsgExtension", 1),
		"a command that is no text":          strings.Replace(`{`+ids+`}`, `"Group.CallbackAfterGroupMsgExtension"`, "1", 1),
		"an empty id":                        strings.Replace(`{`+ids+`}`, "test", "", 1),
		"an id of another type":              strings.Replace(`{`+ids+`}`, `"test"`, `["test"]`, 1),
		"an id that is a number":             strings.Replace(`{`+ids+`}`, `"test"`, `10`, 1),
		"an id that is null":                 strings.Replace(`{`+ids+`}`, `"test"`, `null`, 1),
		"an id that is not Unicode":          strings.Replace(`{`+ids+`}`, `test`, `\ud83d`, 1),
		"a number that is not exact":         strings.Replace(`{`+ids+`}`, `10`, `10.5`, 1),
		"a negative number":                  strings.Replace(`{`+ids+`}`, `10`, `-10`, 1),
		"a number with a leading zero":       strings.Replace(`{`+ids+`}`, `10`, `"010"`, 1),
		"an id twice":                        `{` + ids + `,"MsgSeq":10}`,
		"an id twice, the second of no type": `{"MsgSeq":[],` + ids + `}`,
		"the command twice":                  `{` + ids + `,"CallbackCommand":"Group.CallbackAfterGroupMsgExtension"}`,
		"twice, once escaped":                `{` + ids + `,"Msg\u0053eq":10}`,
		"further down":                       `{"X":{` + ids + `}}`,
		"cut in a number":                    `{` + ids,
		"a number that ends a list":          `{` + ids + `]`,
		"a number that goes on oddly":        `{` + ids + `x`,
		"cut in a text":                      `{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","MsgSeq":10,"GroupId":"te`,
		"cut before the number":              strings.TrimSuffix(`{`+ids, "10"),
		"cut after the number's sign":        strings.TrimSuffix(`{`+ids, "10") + "-",
		"cut in a number as digits":          strings.TrimSuffix(`{`+ids, "10") + `"10`,
		"after a fault":                      `{"X":nul,` + ids + `}`,
		"after a byte order mark":            "\ufeff{" + ids + `}`,
		"all of one case":                    strings.ToLower(`{` + ids + `}`),
	}
	for name, body := range unnamed {
		t.Run(name, func(t *testing.T) {
			message, ok := msgext.Identify("1", msgext.GroupCommand, []byte(body))
			assert.False(t, ok)
			assert.Zero(t, message)
		})
	}
}

func TestIdentify_OneToOne(t *testing.T) {
	body := strings.Replace(c2cSample, `"OperateType":1`, `"OperateType":9,"GroupId":"g","GroupId":"g"`, 1)
	message, ok := msgext.Identify("1", msgext.C2CCommand, []byte(body))
	assert.True(t, ok)
	assert.Equal(t, msgext.Message{SDKAppID: "1", From: "a", To: "b", MsgKey: "93847636_1287657_1764688415"}, message)

	_, ok = msgext.Identify("1", msgext.GroupCommand, []byte(body))
	assert.False(t, ok)
	_, ok = msgext.Identify("1", msgext.C2CCommand, []byte(strings.Replace(body, `"a"`, `""`, 1)))
	assert.False(t, ok)
	_, ok = msgext.Identify("1", "C2C.CallbackAfterSendMsg", []byte(body))
	assert.False(t, ok)
}
