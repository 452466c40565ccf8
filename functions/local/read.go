package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// readAPI serves the visible extensions of a message in the shape of Chat's own read.
func readAPI(store state.Store, sdkAppID string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/groups/{group}/messages/{seq}/extensions", func(w http.ResponseWriter, r *http.Request) {
		seq, err := strconv.ParseInt(r.PathValue("seq"), 10, 64)
		if err != nil || seq < 0 {
			webhook.Fail("MsgSeq: not a non-negative integer").Write(w, http.StatusBadRequest)
			return
		}
		read(w, r, store, msgext.Message{SDKAppID: sdkAppID, GroupID: r.PathValue("group"), MsgSeq: seq})
	})
	mux.HandleFunc("GET /api/c2c/{from}/{to}/messages/{key}/extensions", func(w http.ResponseWriter, r *http.Request) {
		read(w, r, store, msgext.Message{
			SDKAppID: sdkAppID, From: r.PathValue("from"), To: r.PathValue("to"), MsgKey: r.PathValue("key"),
		})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		webhook.Fail("no such path").Write(w, http.StatusNotFound)
	})
	return mux
}

func read(w http.ResponseWriter, r *http.Request, store state.Store, message msgext.Message) {
	record, err := store.Load(r.Context(), message)
	switch {
	case errors.Is(err, state.ErrNotFound):
		webhook.Fail("message not found").Write(w, http.StatusNotFound)
		return
	case err != nil:
		webhook.Fail("state could not be read").Write(w, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(record.State.Reply()) // whoever is gone needs no reply
}
