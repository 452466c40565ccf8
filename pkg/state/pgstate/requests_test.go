package pgstate_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// wire is a proxy between a store and its database. It counts what the store sends
// (postgresql.org/docs/15/protocol-message-formats.html).
type wire struct {
	executes, syncs atomic.Int64 // statements, round trips
}

// listen returns the database's URL through the wire.
func (w *wire) listen(t *testing.T, databaseURL string) string {
	t.Helper()
	target, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var relays sync.WaitGroup
	t.Cleanup(func() {
		assert.NoError(t, listener.Close())
		relays.Wait()
	})
	server := target.Host
	relays.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			relays.Go(func() { w.relay(client, server) })
		}
	})
	target.Host = listener.Addr().String()
	return target.String()
}

func (w *wire) relay(client net.Conn, server string) {
	defer func() { _ = client.Close() }()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	go func() {
		_, _ = io.Copy(client, backend)
		_ = client.Close()
	}()
	for kind := byte(0); ; { // the first message, and only that, has no type
		header := make([]byte, 4)
		if _, err := io.ReadFull(client, header); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(header)-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return
		}
		message := append(header, body...)
		if kind != 0 {
			message = append([]byte{kind}, message...)
		}
		switch kind {
		case 'E':
			w.executes.Add(1)
		case 'S', 'Q':
			w.syncs.Add(1)
		}
		if _, err := backend.Write(message); err != nil {
			return
		}
		next := make([]byte, 1)
		if _, err := io.ReadFull(client, next); err != nil {
			return
		}
		kind = next[0]
	}
}

// An event is one statement for its message and one for its keys, in one round trip, however many
// keys its message has. A load is one round trip, too.
func TestStore_CostsWhatTheEventCosts(t *testing.T) {
	databaseURL, _ := schema(t)
	var counts wire
	store := open(t, counts.listen(t, databaseURL))
	const own = 4 // BEGIN, lock, the message, COMMIT
	for _, keys := range []int{3, 300} {
		m := statetest.NewMessage()
		for version := int64(1); version <= int64(keys); version += msgext.MaxKeyValues {
			event := msgext.Event{Message: m, Operation: msgext.Set, Seq: version}
			for key := version; key < version+msgext.MaxKeyValues && key <= int64(keys); key++ {
				event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: fmt.Sprint(key), Value: "v", Seq: version})
			}
			require.NoError(t, store.Apply(t.Context(), event, heard, state.MarkLater))
		}
		_, err := store.Load(t.Context(), m) // the connection's first prepares the statements
		require.NoError(t, err)
		executes, syncs := counts.executes.Load(), counts.syncs.Load()
		record, err := store.Load(t.Context(), m)
		require.NoError(t, err)
		require.Len(t, record.State.Visible(), keys)
		assert.EqualValues(t, 2, counts.executes.Load()-executes, "the settings, everything about the message")
		assert.EqualValues(t, 1, counts.syncs.Load()-syncs)

		executes, syncs = counts.executes.Load(), counts.syncs.Load()
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1000, "w", "1", "2"), heard, state.MarkLater))
		assert.EqualValues(t, own+1, counts.executes.Load()-executes, "%d keys", keys)
		assert.EqualValues(t, 1, counts.syncs.Load()-syncs, "%d keys", keys)

		require.NoError(t, store.MarkSeen(t.Context(), m, 1000))
		syncs = counts.syncs.Load()
		require.NoError(t, store.MarkSeen(t.Context(), m, 1001))
		assert.EqualValues(t, 1, counts.syncs.Load()-syncs, "%d keys", keys)
	}
	executes := counts.executes.Load()
	_, err := store.Due(t.Context(), state.FirstChecks, heard, "", 1)
	require.NoError(t, err)
	assert.EqualValues(t, 5, counts.executes.Load()-executes, "BEGIN, the schema's version, heads, versions seen, COMMIT")
	require.NoError(t, store.Close())
}
