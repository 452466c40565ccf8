package repair_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
	"msgext/pkg/sink"
	"msgext/pkg/sink/stdoutsink"
	"msgext/pkg/state/memstate"
)

// A vote whose webhook never arrived: the message is read back from Chat, and store and sinks are
// told.
func Example() {
	poll := msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10}
	chat := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Admin: "administrator", SecretKey: "key"})
	chat.Add(poll)
	_, err := chat.Change(chatsim.Change{Message: poll, Operation: msgext.Set, KeyValues: []msgext.KeyValue{{Key: "alice", Value: "option 2"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(chat.Handler())
	defer server.Close()
	client, err := chatapi.New(chatapi.Options{
		Endpoint: server.URL, // or a region, such as "singapore"
		SDKAppID: "1400000000", Admin: "administrator", SecretKey: "key",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	store := memstate.New()
	var told bytes.Buffer
	repairer := repair.New(repair.Options{
		Store: store, SDKAppID: "1400000000", Chat: client,
		Sinks:  []sink.Sink{stdoutsink.New(&told)},
		Logger: slog.New(slog.DiscardHandler),
	})
	// Run does the same for every message with a version missing; a schedule calls it.
	if err := repairer.Replay(ctx, poll); err != nil {
		fmt.Println(err)
		return
	}
	event, err := cloudevent.Decode(told.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(event.Type(), event.PartitionKey())
	record, err := store.Load(ctx, poll)
	fmt.Println(record.State.Visible(), err)
	// Output:
	// com.tencent.chat.group.msgextension.repaired 1400000000/test/10
	// [{alice option 2 1}] <nil>
}
