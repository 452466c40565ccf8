package chatapi_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

func ExampleClient_Read() {
	poll := msgext.Message{SDKAppID: "1400000000", GroupID: "@TGS#1YMVAB3IZ", MsgSeq: 158}
	chat := chatsim.New(chatsim.Options{SDKAppID: "1400000000", Admin: "administrator", SecretKey: "key"})
	chat.Add(poll)
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
	if _, err := client.Set(ctx, poll, msgext.Set, []msgext.KeyValue{{Key: "user1", Value: "B"}}); err != nil {
		fmt.Println(err)
		return
	}
	votes, err := client.Read(ctx, poll)
	fmt.Println(votes.Latest, votes.KeyValues, err)
	// Output: 1 [{user1 B 1}] <nil>
}
