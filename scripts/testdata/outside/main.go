// A program of somebody else: it receives one webhook, and prints the reply, the event that went on
// and what the message shows.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/stdoutsink"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

func main() {
	store := memstate.New()
	handler := receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: "1400000000", Tokens: []secret.String{"xxxxyyyy"}},
		Sinks:    []sink.Sink{stdoutsink.New(os.Stdout)},
		Store:    store,
		Logger:   slog.New(slog.DiscardHandler),
		Now:      func() time.Time { return time.Unix(1669872112, 0) },
		Metrics:  func(_ time.Time, measured []slog.Attr, _ string) []slog.Attr { return measured },
	})
	request := httptest.NewRequest("POST", "/?SdkAppid=1400000000&CallbackCommand="+msgext.GroupCommand+
		"&RequestTime=1669872112&Sign="+webhook.Sign("xxxxyyyy", "1669872112"), strings.NewReader(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`))
	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, request)
	fmt.Println(reply.Code, reply.Body)

	record, err := store.Load(context.Background(), msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(record.State.Visible())
}
