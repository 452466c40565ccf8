package sink_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/stdoutsink"
)

// broken is a destination of its own kind, which takes nothing.
type broken struct{}

func (broken) Name() string { return "broken://" }

func (broken) Send(context.Context, cloudevent.Event) error { return errors.New("no such topic") }

func (broken) Close() error { return nil }

// An event goes to all destinations at once, and what becomes of it at one is nothing to the
// others.
func ExampleSendAll() {
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
	for _, outcome := range sink.SendAll(context.Background(), []sink.Sink{stdoutsink.New(io.Discard), broken{}}, event) {
		fmt.Println(outcome.Name, outcome.Err)
	}
	// Output:
	// stdout <nil>
	// broken:// no such topic
}
