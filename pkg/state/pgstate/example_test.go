package pgstate_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/state/pgstate"
	"msgext/pkg/webhook"
)

// A receiver keeps what it hears in PostgreSQL, and other programs read it there.
func Example() {
	ctx := context.Background()
	// After scripts/schema.
	store, err := pgstate.Open(ctx, secret.String(os.Getenv("DATABASE_URL")))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	handler := receiver.New(receiver.Options{
		// Use Tokens in production.
		Verifier: webhook.Verifier{SDKAppID: "1400000000", AllowUnsigned: true},
		Store:    store,
		Logger:   slog.New(slog.DiscardHandler),
	})
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST",
		"/?SdkAppid=1400000000&CallbackCommand="+msgext.GroupCommand, strings.NewReader(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "pgstate-example", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`)))

	message := msgext.Message{SDKAppID: "1400000000", GroupID: "pgstate-example", MsgSeq: 10}
	record, err := store.Load(ctx, message)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(record.State.Visible())
	fmt.Println(store.Forget(ctx, message)) // user ids are personal data
}
