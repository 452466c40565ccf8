package stdoutsink_test

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink/stdoutsink"
)

// Each event is a line that cloudevent.Decode reads.
func Example() {
	change, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := cloudevent.New(change, time.Now())
	if err != nil {
		fmt.Println(err)
		return
	}
	var stream bytes.Buffer
	if err := stdoutsink.New(&stream).Send(context.Background(), event); err != nil {
		fmt.Println(err)
		return
	}
	read, err := cloudevent.Decode(stream.Bytes())
	fmt.Println(read.ID(), read.Type(), err)
	// Output: 1400000000/test/10/1/76c18054c0b6ef0c com.tencent.chat.group.msgextension.set <nil>
}
