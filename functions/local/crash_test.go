package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/processtest"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
)

// The local process is killed repeatedly while it takes webhooks. Every webhook that was answered
// OK is in the file afterwards.
func TestLocal_WhatWasAnsweredOKSurvivesKill(t *testing.T) {
	const rounds, writers = 15, 4
	path := t.TempDir() + "/state.db"
	environ := []string{"MSGEXT_STATE=sqlite:" + path, "MSGEXT_TOKEN=" + vectortest.Token.Reveal(), "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID}
	binary := binaries.Build(t, "functions/local")
	var mu sync.Mutex
	answered := map[int64]bool{}
	var version int64
	for range rounds {
		local := processtest.StartLocal(t, binary, environ)
		kill := make(chan struct{})
		after := 1 + rand.IntN(80)
		var sending sync.WaitGroup
		for range writers {
			sending.Go(func() {
				for {
					mu.Lock()
					version++
					v := version
					mu.Unlock()
					if !accepts(local.URL, v) {
						return // killed
					}
					mu.Lock()
					answered[v] = true
					if after--; after == 0 {
						close(kill)
					}
					mu.Unlock()
				}
			})
		}
		select {
		case <-kill:
		case <-time.After(2 * time.Second):
		}
		local.Kill(t)
		sending.Wait()
	}
	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, store.Close()) }()
	record, err := store.Load(t.Context(), msgext.Message{SDKAppID: vectortest.SDKAppID, GroupID: "crash", MsgSeq: 1})
	require.NoError(t, err)
	assert.Greater(t, len(answered), rounds)
	for v := range answered {
		assert.Equal(t, v, record.State.Entries[fmt.Sprint("key", v)].Seq, "answered OK, and gone")
	}
}

// accepts reports whether the process answers OK to one event.
func accepts(base string, version int64) bool {
	body := fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"crash","MsgSeq":1,"OperateType":1,"ExtensionList":[{"Key":"key%[1]d","Value":"v","Seq":%[1]d}],"Seq":%[1]d}`, version)
	response, err := http.Post(signedURL(base, vectortest.SDKAppID, vectortest.Token, time.Now()), "application/json", strings.NewReader(body))
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	var reply [64]byte
	n, _ := response.Body.Read(reply[:])
	return strings.Contains(string(reply[:n]), `"OK"`)
}
