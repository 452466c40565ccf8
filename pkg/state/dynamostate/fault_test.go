package dynamostate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

var start = time.Date(2026, 1, 4, 12, 0, 0, 0, time.UTC)

func TestStore_Crash(t *testing.T) {
	table := newTable(t)
	statetest.RunCrash(t, func(t *testing.T, faults *statetest.Faults) state.Store {
		cfg := through(local(t), func(request *http.Request, send send) (response *http.Response, err error) {
			err = faults.Do(func() error {
				response, err = send(request)
				return err
			})
			if err != nil && response != nil {
				return nil, errors.Join(err, response.Body.Close())
			}
			return response, err
		})
		cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
		return open(t, cfg, table)
	})
}

// If the answer to a write is lost, the SDK repeats the write, which then finds what the first one
// wrote.
func TestStore_AnswersLost(t *testing.T) {
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		if operation(request) != "UpdateItem" {
			return send(request)
		}
		body, err := io.ReadAll(request.Body)
		require.NoError(t, err)
		for range 2 {
			request.Body = io.NopCloser(bytes.NewReader(body))
			response, err := send(request)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		return send(request)
	}), newTable(t))
	m := statetest.NewMessage()
	for _, version := range []int64{1, 2, 4} {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, version, "v", "a", "b"), start, state.MarkNow))
	}
	require.NoError(t, store.Merge(t.Context(), m, msgext.Snapshot{Number: 1, Latest: 3}))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, msgext.Progress{Latest: 4, Floor: 2, Seen: []int64{4}}, record.State.Progress)
	assert.EqualValues(t, 1, record.State.ReadNumber())
	assert.Equal(t, statetest.SetEvent(m, 4, "v", "a", "b").KeyValues, record.State.Visible())
	require.NoError(t, store.SaveCheck(t.Context(), m, state.Outcome{Floor: 4, Revision: record.Check.Revision}))
	dropped, err := store.Drop(t.Context(), m, state.Drop{Above: 3, Now: start, Due: start})
	require.NoError(t, err)
	assert.True(t, dropped)
	record, err = store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, msgext.Progress{Latest: 3, Floor: 2}, record.State.Progress)
}

// The index lags: it may still name a message that is settled or gone.
func TestStore_IndexLags(t *testing.T) {
	var mu sync.Mutex
	answers := make(map[string][]byte) // first answers, by request
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		body, err := io.ReadAll(request.Body)
		require.NoError(t, err)
		request.Body = io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte("IndexName")) {
			return send(request)
		}
		mu.Lock()
		defer mu.Unlock()
		answer, known := answers[string(body)]
		response, err := send(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if !known {
			answer, err = io.ReadAll(response.Body)
			require.NoError(t, err)
			answers[string(body)] = answer
		}
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer))}, nil
	}), newTable(t))

	settled, gone, due := statetest.NewMessage(), statetest.NewC2CMessage(), statetest.NewMessage()
	for _, m := range []msgext.Message{settled, gone, due} {
		require.NoError(t, store.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))
	}
	require.Len(t, allDue(t, store, 10), 3)

	require.NoError(t, store.SaveCheck(t.Context(), settled, state.Outcome{Floor: 1, Revision: start.UnixMilli() + 1}))
	require.NoError(t, store.Forget(t.Context(), gone))
	heads := allDue(t, store, 10)
	require.Len(t, heads, 1)
	assert.Equal(t, due, heads[0].Message)
}

// allDue returns the first checks that are due since start, collected page by page.
func allDue(t *testing.T, store state.Store, limit int) (heads []state.Head) {
	t.Helper()
	for page := (state.Page{More: true}); page.More; {
		var err error
		page, err = store.Due(t.Context(), state.FirstChecks, start, page.Next, limit)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Heads), limit)
		heads = append(heads, page.Heads...)
	}
	return heads
}

// BatchGetItem may leave some of the requested items for another call.
func TestStore_BatchesLeftOver(t *testing.T) {
	type keysOf map[string]struct {
		Keys           []json.RawMessage
		ConsistentRead bool
	}
	table := newTable(t)
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		if operation(request) != "BatchGetItem" {
			return send(request)
		}
		var asked, left struct{ RequestItems keysOf }
		require.NoError(t, json.NewDecoder(request.Body).Decode(&asked))
		left.RequestItems = keysOf{}
		if of := asked.RequestItems[table]; len(of.Keys) > 30 {
			rest := of
			of.Keys, rest.Keys = of.Keys[:30], of.Keys[30:]
			asked.RequestItems[table], left.RequestItems[table] = of, rest
		}
		body, err := json.Marshal(asked)
		require.NoError(t, err)
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		response, err := send(request) // DynamoDB Local does not look at the signature
		require.NoError(t, err)
		defer response.Body.Close()
		var answer struct {
			Responses       json.RawMessage
			UnprocessedKeys keysOf
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
		answer.UnprocessedKeys = left.RequestItems
		body, err = json.Marshal(answer)
		require.NoError(t, err)
		return &http.Response{StatusCode: response.StatusCode, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}), table)
	const messages = 250
	for range messages {
		require.NoError(t, store.Apply(t.Context(), statetest.ClearEvent(statetest.NewMessage(), 1), start, state.MarkLater))
	}
	for _, limit := range []int{40, 100, 101, 1000} {
		assert.Len(t, allDue(t, store, limit), messages)
	}
}

// budget is the default time for everything before a reply.
const budget = 1500 * time.Millisecond

func TestStore_Throttled(t *testing.T) {
	const throttling = `{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}`
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		cfg := aws.Config{Region: "eu-central-1", Credentials: credentials}
		cfg.HTTPClient = client(func(*http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(throttling))}, nil
		})
		store := open(t, cfg, "throttled")
		ctx, cancel := context.WithTimeout(t.Context(), budget)
		defer cancel()
		err := store.Apply(ctx, statetest.ClearEvent(statetest.NewMessage(), 1), start, state.MarkNow)
		said := smithy.APIError(nil)
		require.ErrorAs(t, err, &said)
		assert.Equal(t, "ProvisionedThroughputExceededException", said.ErrorCode())
		assert.NoError(t, ctx.Err(), "inside the deadline")
		assert.Equal(t, 5, asked, "after retries")
	})
}

// The service refuses a write to an item that is part of a running transaction. Local makes it
// wait.
func TestStore_MeetsATransaction(t *testing.T) {
	const conflict = `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item"}`
	met := false
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		if met {
			return send(request)
		}
		met = true
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(conflict))}, nil
	}), newTable(t))
	m := statetest.NewMessage()
	require.NoError(t, store.Apply(t.Context(), statetest.ClearEvent(m, 1), start, state.MarkNow))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, start.UnixMilli()+1, record.Check.Revision)
	assert.True(t, met)
}

// If the deadline comes while the SDK waits to retry, the call ends with the deadline's error.
func TestStore_DeadlineWhileThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := aws.Config{Region: "eu-central-1", Credentials: credentials}
		cfg.HTTPClient = client(func(request *http.Request) (*http.Response, error) {
			<-request.Context().Done()
			return nil, request.Context().Err()
		})
		store := open(t, cfg, "silent")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, store.MarkSeen(ctx, statetest.NewMessage(), 1), context.DeadlineExceeded)
	})
}

// A sandbox that was frozen has connections that broke unnoticed: a request on one is never
// answered.
func TestStore_DeadConnection(t *testing.T) {
	var used sync.Map // remote addresses of the connections
	var unanswered atomic.Int64
	closed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, again := used.LoadOrStore(r.RemoteAddr, true); again {
			unanswered.Add(1)
			<-closed
			return
		}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(closed) })
	store := open(t, aws.Config{Region: "eu-central-1", Credentials: credentials, BaseEndpoint: &server.URL}, "frozen")
	var seconds atomic.Int64
	require.NotNil(t, store.Transport())
	assert.Equal(t, 30*time.Second, store.Transport().HTTP.IdleConnTimeout, "no connection is kept for longer")
	store.Transport().Now = func() time.Time { return time.Unix(seconds.Load(), 0) }
	// net/http may open a new connection before it reuses one.
	for version := int64(1); unanswered.Load() == 0; version++ {
		require.Less(t, version, int64(1000), "no connection is ever used again")
		seconds.Add(2)
		ctx, cancel := context.WithTimeout(t.Context(), 2*budget) // because a busy machine may hold the test up
		require.NoError(t, store.Apply(ctx, statetest.ClearEvent(statetest.NewMessage(), version), start, state.MarkLater))
		cancel()
	}
}

// With several broken connections, the first event after a freeze discards all of them, and the
// next event is not affected. A slow table is not a broken connection.
func TestStore_Frozen(t *testing.T) {
	cfg := local(t)
	network := outboundtest.NewNetwork(t, strings.TrimPrefix(*cfg.BaseEndpoint, "http://"))
	through := "http://" + network.Addr().String()
	cfg.BaseEndpoint = &through
	store := open(t, cfg, newTable(t))
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	var ahead atomic.Int64
	store.Transport().Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	m := statetest.NewMessage()
	apply := func(version int64, limit time.Duration) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, version, "v", "a", "b", "c"), start, state.MarkNow))
	}
	network.Delay(200 * time.Millisecond) // so that each key of an event needs its own connection
	apply(1, time.Minute)
	apply(2, time.Minute)
	opened, standing := network.Opened(), network.Standing()
	network.Delay(300 * time.Millisecond)
	apply(3, time.Minute)
	assert.Equal(t, opened, network.Opened(), "slow is not dead")
	assert.Equal(t, standing, network.Standing())
	network.Delay(0)

	network.Freeze()
	ahead.Add(int64(5 * time.Second))
	apply(4, 4*time.Second)
	swallowed := network.Swallowed()
	assert.NotZero(t, swallowed, "a connection that stood was used again")
	ahead.Add(int64(5 * time.Second))
	apply(5, time.Minute)
	assert.Equal(t, swallowed, network.Swallowed())
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 5, record.State.Contiguous())
}

// A message whose due time changes while a shard is read may be found twice.
func TestStore_IndexNamesTwice(t *testing.T) {
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		response, err := send(request)
		if err != nil || operation(request) != "Query" {
			return response, err
		}
		defer response.Body.Close()
		var page struct {
			Items []map[string]map[string]string
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&page))
		for _, item := range page.Items {
			moved := maps.Clone(item)
			moved["due"] = map[string]string{"N": strconv.FormatInt(start.UnixMilli()-1, 10)}
			page.Items = append(page.Items, moved)
		}
		body, err := json.Marshal(page)
		require.NoError(t, err)
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
	}), newTable(t))
	m := statetest.NewMessage()
	require.NoError(t, store.Apply(t.Context(), statetest.ClearEvent(m, 1), start, state.MarkNow))
	heads := allDue(t, store, 10)
	require.Len(t, heads, 1)
	assert.Equal(t, m, heads[0].Message)
}

// A read that is merged during a sweep may bring a key that only a tombstone hides.
func TestStore_SweepMeetsARead(t *testing.T) {
	table := newTable(t)
	other := open(t, local(t), table)
	m := statetest.NewMessage()
	merged := false
	store := open(t, through(local(t), func(request *http.Request, send send) (*http.Response, error) {
		if name := operation(request); !merged && name != "UpdateItem" && name != "Query" {
			merged = true
			require.NoError(t, other.Merge(t.Context(), m, msgext.Snapshot{Number: 1, Latest: 1, KeyValues: statetest.SetEvent(m, 1, "v", "a").KeyValues}))
		}
		return send(request)
	}), table)
	require.NoError(t, store.Apply(t.Context(), statetest.DeleteEvent(m, 2, "a"), start, state.MarkNow))
	require.NoError(t, store.Sweep(t.Context(), m, start.UnixMilli()+1))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	require.True(t, merged)
	assert.Empty(t, record.State.Visible())

	require.NoError(t, store.Apply(t.Context(), statetest.DeleteEvent(m, 3, "b"), start, state.MarkNow))
	require.NoError(t, store.Sweep(t.Context(), m, start.UnixMilli()+2))
	record, err = store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, map[string]msgext.Entry{"a": {Seq: 2, Deleted: true}}, record.State.Entries)
}
