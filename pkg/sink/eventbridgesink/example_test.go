package eventbridgesink_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"msgext/pkg/cloudevent"
)

// A Lambda function that is the target of a rule, here one with the pattern
//
//	{"source": ["com.tencent.chat"], "detail-type": [{"suffix": ".msgextension.repaired"}]}
func Example_consumer() {
	handle := func(ctx context.Context, received events.EventBridgeEvent) error {
		event, err := cloudevent.Decode(received.Detail)
		if err != nil {
			return err
		}
		message, truth, err := event.Truth()
		if err != nil {
			return err
		}
		if truth.CompleteFlag == 0 {
			fmt.Println("read", message.Path(), "from Chat: the list did not fit")
			return nil
		}
		for _, kv := range truth.ExtensionList {
			fmt.Println(message.Path(), "has", kv.Key, kv.Value)
		}
		return nil
	}

	err := handle(context.Background(), events.EventBridgeEvent{
		Source:     "com.tencent.chat",
		DetailType: "com.tencent.chat.group.msgextension.repaired",
		Detail: json.RawMessage(`{
			"specversion": "1.0",
			"id": "1400000000/test/10/57/repaired/0123456789abcdef",
			"source": "/chat/1400000000/groups/test",
			"type": "com.tencent.chat.group.msgextension.repaired",
			"subject": "messages/10",
			"partitionkey": "1400000000/test/10",
			"sequence": "00000000000000000057",
			"datacontenttype": "application/json",
			"data": {
				"ErrorCode": 0, "ErrorInfo": "", "ActionStatus": "OK", "CompleteFlag": 1, "LatestSeq": 57, "ClearSeq": 0,
				"ExtensionList": [{"Key": "key2", "Value": "value2", "Seq": 56}]
			}
		}`),
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1400000000/test/10 has key2 value2
}
