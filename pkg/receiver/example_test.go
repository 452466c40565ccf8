package receiver_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/stdoutsink"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

func ExampleNew() {
	rc := receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: "1400000000", Tokens: []secret.String{"xxxxyyyy"}},
		Sinks:    []sink.Sink{stdoutsink.New(io.Discard)},
		Store:    memstate.New(),
		Logger:   slog.New(slog.DiscardHandler),
		Now:      func() time.Time { return time.Unix(1669872112, 0) },
	}) // an http.Handler, for any server or router

	request := httptest.NewRequest("POST", "/?SdkAppid=1400000000&CallbackCommand=Group.CallbackAfterGroupMsgExtension"+
		"&RequestTime=1669872112&Sign="+webhook.Sign("xxxxyyyy", "1669872112"), strings.NewReader(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`))
	reply := httptest.NewRecorder()
	rc.ServeHTTP(reply, request)
	fmt.Fprintln(os.Stdout, reply.Code, reply.Body)
	// Output: 200 {"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}
}
