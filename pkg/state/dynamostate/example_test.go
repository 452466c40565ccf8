package dynamostate_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"

	"msgext/pkg/msgext"
	"msgext/pkg/state/dynamostate"
)

// Shows what is visible on a message, and whether that is the truth as of its latest version.
func Example() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	store, err := dynamostate.New(cfg, dynamostate.Options{Table: "msgext"})
	if err != nil {
		log.Fatal(err)
	}
	record, err := store.Load(ctx, msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10})
	if err != nil {
		log.Fatal(err) // state.ErrNotFound for an unknown message
	}
	for _, kv := range record.State.Visible() {
		fmt.Println(kv.Key, kv.Value, "at version", kv.Seq)
	}
	fmt.Println("up to version", record.State.Latest, "gap:", record.State.Gap())
}
