package mysqlstate_test

import (
	"context"
	"fmt"
	"os"

	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state/mysqlstate"
)

// A program in Go reads a message where the webhook function keeps it in MySQL.
func Example() {
	ctx := context.Background()
	store, err := mysqlstate.Open(secret.String(os.Getenv("DATABASE_URL"))) // after scripts/schema
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	record, err := store.Load(ctx, msgext.Message{SDKAppID: "1400000000", GroupID: "poll", MsgSeq: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, kv := range record.State.Visible() {
		fmt.Println(kv.Key, kv.Value)
	}
	fmt.Println("something is missing:", record.State.Gap())
}
