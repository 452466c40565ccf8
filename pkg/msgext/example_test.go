package msgext_test

import (
	"errors"
	"fmt"

	"msgext/pkg/msgext"
)

func ExampleDecode() {
	event, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(setSample))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Message.GroupID, event.Message.MsgSeq, event.Operation, event.Version())
	for _, kv := range event.KeyValues {
		fmt.Println(kv.Key, "=", kv.Value)
	}
	// Output:
	// test 10 set 56
	// key2 = value2
	// key3 = 12122
}

func ExampleDecode_faults() {
	_, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "", "Value": "1", "Seq": -3}]
	}`))
	var format *msgext.FormatError
	if errors.As(err, &format) {
		for _, field := range format.Fields {
			fmt.Println(field)
		}
	}
	// Output:
	// ExtensionList[0].Seq: negative
	// ExtensionList[0].Key: empty
	// Seq: missing
}
