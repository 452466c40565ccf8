package cloudevent_test

import (
	"fmt"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

func ExampleNew() {
	change, err := msgext.Decode("1400000000", msgext.GroupCommand, []byte(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "poll", "MsgSeq": 10, "OperateType": 1,
		"ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 56}], "Seq": 56, "EventTime": 1764688294360
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	event, err := cloudevent.New(change, time.UnixMilli(1764688294500))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Type(), event.ID(), event.Time())
	fmt.Println(event.PartitionKey(), event.Sequence(), event.ReceivedMillis())
	// Output:
	// com.tencent.chat.group.msgextension.set 1400000000/poll/10/56/c2c96e6296d8abb7 2025-12-02 15:11:34.36 +0000 UTC
	// 1400000000/poll/10 00000000000000000056 1764688294500
}

func ExampleDecode() {
	// What a consumer has received from its queue.
	received := []byte(`{"specversion":"1.0","id":"1400000000/poll/10/56","source":"/chat/1400000000/groups/poll","subject":"messages/10",
		"type":"com.tencent.chat.group.msgextension.set","partitionkey":"1400000000/poll/10","sequence":"00000000000000000056","datacontenttype":"application/json",
		"data":{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"poll","MsgSeq":10,"OperateType":1,
			"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":56}],"Seq":56}}`)
	event, err := cloudevent.Decode(received)
	if err != nil {
		fmt.Println(err)
		return
	}
	if event.IsRepaired() || event.IsGone() {
		return // use event.Truth; package consumer handles all kinds
	}
	change, err := event.Change()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, kv := range change.KeyValues {
		fmt.Println(kv.Key, "voted for", kv.Value)
	}
	// Output: alice voted for option 2
}
