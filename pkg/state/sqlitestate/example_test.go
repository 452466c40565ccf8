package sqlitestate_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/webhook"
)

// A receiver keeps what it hears in a file, and other programs read it there.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	store, err := sqlitestate.Open(ctx, filepath.Join(folder, "msgext.db"))
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
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`)))

	message := msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10}
	record, err := store.Load(ctx, message)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(record.State.Visible())
	// Output: [{alice option 2 1}]
}
