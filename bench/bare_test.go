package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"msgext/bench/peer"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

// serveBare runs a net/http server that only decodes a change and applies it to a store in memory.
func serveBare() {
	store := memstate.New()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "msgext serves on http://%s:\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		var e peer.Event
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if err == nil {
			change := msgext.Event{
				Message:   msgext.Message{SDKAppID: peer.AppID, GroupID: e.GroupId, MsgSeq: e.MsgSeq},
				Operation: msgext.Operation(e.OperateType), Seq: e.Seq,
			}
			for _, kv := range e.ExtensionList {
				change.KeyValues = append(change.KeyValues, msgext.KeyValue(kv))
			}
			err = store.Apply(r.Context(), change, time.Now(), state.MarkNow)
		}
		answer := peer.Answer{ActionStatus: "OK"}
		if err != nil {
			answer = peer.Answer{ActionStatus: "FAIL", ErrorInfo: err.Error(), ErrorCode: 1}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})))
}
