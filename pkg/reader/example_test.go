package reader_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/state/memstate"
	"msgext/pkg/webhook"
)

// A receiver stores messages, and a reader shows them to callers that have the token.
func Example() {
	store := memstate.New()
	receiver.New(receiver.Options{
		// Use Tokens in production.
		Verifier: webhook.Verifier{SDKAppID: "1400000000", AllowUnsigned: true},
		Store:    store,
		Logger:   slog.New(slog.DiscardHandler),
	}).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST",
		"/?SdkAppid=1400000000&CallbackCommand="+msgext.GroupCommand, strings.NewReader(`{
		"CallbackCommand": "Group.CallbackAfterGroupMsgExtension", "GroupId": "test", "MsgSeq": 10,
		"OperateType": 1, "ExtensionList": [{"Key": "alice", "Value": "option 2", "Seq": 1}], "Seq": 1}`)))

	api := reader.New(reader.Options{Store: store, SDKAppID: "1400000000", Tokens: []secret.String{"reading-token"}})
	request := httptest.NewRequest("GET", "/api/groups/test/messages/10/extensions?tally=values", nil)
	request.Header.Set("Authorization", "Bearer reading-token")
	reply := httptest.NewRecorder()
	api.ServeHTTP(reply, request)
	fmt.Println(reply.Code, reply.Body)
	// Output: 200 {"values":[{"value":"option 2","count":1}],"keys":1,"LatestSeq":1,"Gap":false}
}
