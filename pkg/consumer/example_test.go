package consumer_test

import (
	"encoding/json"
	"fmt"

	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
)

// A program keeps one View for each message, under its partition key, as JSON.
func ExampleView() {
	kept := map[string][]byte{} // yours is a database
	handle := func(body []byte) error {
		event, err := cloudevent.Decode(body)
		if err != nil {
			return err
		}
		var view consumer.View
		if before, ok := kept[event.PartitionKey()]; ok {
			if err := json.Unmarshal(before, &view); err != nil {
				return err
			}
		}
		if err := view.Take(event); err != nil {
			return err
		}
		after, err := json.Marshal(view)
		if err != nil {
			return err
		}
		kept[event.PartitionKey()] = after // durable before the answer, under one lock or transaction
		for _, kv := range view.Reply().ExtensionList {
			fmt.Println(kv.Key, "voted for", kv.Value)
		}
		return nil
	}
	repaired := `{"specversion":"1.0","id":"2","source":"/chat/1400000000/groups/poll","type":"com.tencent.chat.group.msgextension.repaired",
		"partitionkey":"1400000000/poll/10","data":{"GroupId":"poll","MsgSeq":10,"CompleteFlag":1,"LatestSeq":57,"ClearSeq":0,
		"ExtensionList":[{"Key":"alice","Value":"option 3","Seq":57}],"ReadNumber":1764688359412,"DecidedBefore":1764688299412}}`
	late := `{"specversion":"1.0","id":"1","source":"/chat/1400000000/groups/poll","type":"com.tencent.chat.group.msgextension.set",
		"partitionkey":"1400000000/poll/10","received":"00000001764688294500","data":{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",
		"GroupId":"poll","MsgSeq":10,"OperateType":1,"ExtensionList":[{"Key":"alice","Value":"option 2","Seq":56}],"Seq":56}}`
	for _, body := range []string{repaired, late} {
		if err := handle([]byte(body)); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// alice voted for option 3
	// alice voted for option 3
}
