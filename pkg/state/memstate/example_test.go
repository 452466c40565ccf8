package memstate_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state/memstate"
)

// A reader over an empty store.
func Example() {
	store := memstate.New()
	_, err := store.Load(context.Background(), msgext.Message{SDKAppID: "1400000000", GroupID: "test", MsgSeq: 10})
	fmt.Println(err)

	api := reader.New(reader.Options{Store: store, SDKAppID: "1400000000", Logger: slog.New(slog.DiscardHandler)})
	reply := httptest.NewRecorder()
	api.ServeHTTP(reply, httptest.NewRequest("GET", "/api/groups/test/messages/10/extensions", nil))
	fmt.Println(reply.Code)
	// Output:
	// state: message not found
	// 404
}
