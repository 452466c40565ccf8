package sqssink_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"msgext/pkg/cloudevent"
)

// A Lambda function that an SQS queue triggers.
func Example_consumer() {
	handle := func(ctx context.Context, batch events.SQSEvent) error {
		for _, message := range batch.Records {
			event, err := cloudevent.Decode([]byte(message.Body))
			if err != nil {
				return err
			}
			change, err := event.Change()
			if err != nil {
				return err
			}
			for _, kv := range change.KeyValues {
				fmt.Println(change.Operation, kv.Key, kv.Value, "at version", kv.Seq)
			}
		}
		return nil
	}

	batch := events.SQSEvent{Records: []events.SQSMessage{{Body: `{
		"specversion": "1.0",
		"id": "1400000000/test/10/56/4a1b3d0be17bd6a1",
		"source": "/chat/1400000000/groups/test",
		"type": "com.tencent.chat.group.msgextension.set",
		"subject": "messages/10",
		"partitionkey": "1400000000/test/10",
		"sequence": "00000000000000000056",
		"received": "00000001764688294500",
		"datacontenttype": "application/json",
		"data": {
			"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10, "OperateType": 1,
			"ExtensionList": [{"Key": "key2", "Value": "value2", "Seq": 56}, {"Key": "key3", "Value": "12122", "Seq": 56}],
			"Seq": 56, "EventTime": 1764688294360
		}
	}`}}}
	if err := handle(context.Background(), batch); err != nil {
		fmt.Println(err)
	}
	// Output:
	// set key2 value2 at version 56
	// set key3 12122 at version 56
}
