package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/awssdk/awschain"
	"msgext/internal/config"
	"msgext/internal/consumertest"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/internal/processtest"
	"msgext/internal/sample"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

const (
	proofToken = "xxxxyyyy"
	proofAdmin = "administrator"
	proofKey   = "key-of-the-simulated-chat"
)

// target is one way to run the product: what takes webhooks, what repairs, and where the state is
// read.
type target struct {
	send   func(ctx context.Context, d chatsim.Delivery) error
	repair func() error
	read   func(ctx context.Context, m msgext.Message) (msgext.ReadReply, error)
}

// The product's promise, with the built binaries and real databases. Webhooks are lost, doubled,
// reordered, delayed, forged and not as documented, and a sink is down for a while. In the end
// every message's state equals Chat's, and so does the view of the sink's consumer. (A lost last
// version is found after an hour. Package repair tests that part on a simulated clock.)
func TestProof(t *testing.T) {
	setAWS(t)
	stores := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + t.TempDir() + "/state.db" },
		"postgres": postgresDatabase,
		"redis":    redisDatabase,
		"dynamodb": dynamoTable,
	}
	runs := []struct {
		platform, store string
		changes         int
	}{
		{"local", "sqlite", 3000}, {"server", "postgres", 3000}, {"server", "redis", 3000}, {"server", "dynamodb", 1000},
		{"two servers", "postgres", 2000},
		{"lambda", "dynamodb", 1000}, {"lambda", "redis", 2000},
		{"scf", "redis", 2000}, {"scf", "postgres", 2000},
	}
	prove := func(t *testing.T, i int, mode string) {
		run, seed := runs[i], uint64(i+1)
		if i == 0 {
			seed = rand.Uint64() // a new one each time
		}
		differing, believed, report := provenBy(t, run.platform, stores[run.store](t), mode, run.changes, seed, true)
		assert.Zero(t, differing, "messages whose state is not Chat's, seed %d", seed)
		assert.Zero(t, believed, "messages of which the consumer believes something else, seed %d", seed)
		assert.Positive(t, report.Dropped)
		assert.Positive(t, report.Garbled)
	}
	for i, run := range runs {
		// Both modes wait for repair side by side, but for Redis, where they have one database.
		var both sync.WaitGroup
		for _, mode := range []string{"gaps", "all"} {
			both.Go(func() {
				t.Run(run.platform+" "+run.store+" "+mode, func(t *testing.T) { prove(t, i, mode) })
			})
			if run.store == "redis" {
				both.Wait()
			}
		}
		both.Wait()
	}
}

// The test above can fail: without repair the states differ.
func TestProof_WithoutRepairItDiffers(t *testing.T) {
	differing, believed, _ := provenBy(t, "server", "memory:", "gaps", 1000, 1, false)
	assert.Positive(t, differing)
	assert.Positive(t, believed)
}

func provenBy(t *testing.T, platform, store, mode string, changes int, seed uint64, repairing bool) (differing, believed int, report chatsim.Report) {
	t.Helper()
	// Each run is an app of its own, because databases are shared.
	app := strconv.Itoa(1_400_000_000 + rand.IntN(90_000_000))
	chat := chatsim.New(chatsim.Options{SDKAppID: app, Token: proofToken, Admin: proofAdmin, SecretKey: proofKey})
	api := httptest.NewServer(chat.Handler())
	t.Cleanup(api.Close)
	consumer := consumertest.New()
	endpoint := httptest.NewServer(consumer)
	t.Cleanup(endpoint.Close)

	variables := map[string]string{
		"MSGEXT_SDK_APP_ID": app, "MSGEXT_TOKEN": proofToken, "MSGEXT_STATE": store, "MSGEXT_SINKS": endpoint.URL + "/events",
	}
	rest := map[string]string{}
	if repairing {
		rest = map[string]string{
			"MSGEXT_CHAT_ENDPOINT": api.URL, "MSGEXT_CHAT_ADMIN": proofAdmin, "MSGEXT_CHAT_SECRET_KEY": proofKey,
			"MSGEXT_REPAIR_GRACE": "1s", "MSGEXT_REPAIR_READ": mode,
		}
	}
	run := startTarget(t, platform, variables, rest)

	faults := chatsim.Faults{Seed: seed, Drop: 0.1, KeepLast: true, Duplicate: 0.1, Reorder: 0.1, Delay: 0.05, MaxDelay: 200 * time.Millisecond, NewerSeq: 0.05, Garble: 0.02}
	if mode == "all" {
		faults.Forge = 0.02
	}
	plan := chat.Plan(chatsim.Workload{Seed: seed, Messages: 200, Changes: changes, Every: time.Millisecond}, faults)
	var sent atomic.Int64
	report, err := chat.Play(t.Context(), plan, chatsim.Player{Send: func(ctx context.Context, d chatsim.Delivery) error {
		n := int(sent.Add(1))
		consumer.SetDown(n > changes/3 && n < changes/2)
		return run.send(ctx, d)
	}})
	require.NoError(t, err)
	consumer.SetDown(false)

	deadline := time.Now().Add(90 * time.Second)
	if !repairing {
		deadline = time.Now()
	}
	for {
		if repairing && run.repair != nil {
			require.NoError(t, run.repair())
		}
		differing, believed = 0, 0
		for _, message := range chat.Messages() {
			truth := chat.Truth(message)
			got, err := run.read(t.Context(), message)
			require.NoError(t, err)
			if !reflect.DeepEqual(truth, got) {
				differing++
			}
			if !reflect.DeepEqual(truth, consumer.Reply(message)) {
				believed++
			}
		}
		if differing == 0 && believed == 0 || time.Now().After(deadline) {
			t.Logf("%d changes, %d webhooks delivered, %d lost, %d forged; %d messages repaired", report.Changes, report.Delivered, report.Dropped, report.Forged(), len(consumer.Repaired()))
			return differing, believed, report
		}
		pause(t, 500*time.Millisecond)
	}
}

func pause(t *testing.T, d time.Duration) {
	t.Helper()
	require.NoError(t, chatsim.Sleep(t.Context(), time.Now().Add(d)))
}

func startTarget(t *testing.T, platform string, webhook, repair map[string]string) target {
	t.Helper()
	both := environ(webhook, repair)
	switch platform {
	case "local":
		process := processtest.StartLocal(t, binaries.Build(t, "functions/local"), both)
		return target{send: chatsim.Sender(http.DefaultClient, process.URL), read: readOver(process.URL)}
	case "server":
		process := processtest.StartServer(t, binaries.Build(t, "functions/server"), both)
		return target{send: chatsim.Sender(http.DefaultClient, process.URL), read: readOver(process.URL)}
	case "two servers": // behind a balancer: each takes every other webhook, and both repair
		one := processtest.StartServer(t, binaries.Build(t, "functions/server"), both)
		other := processtest.StartServer(t, binaries.Build(t, "functions/server"), both)
		senders := []func(context.Context, chatsim.Delivery) error{chatsim.Sender(http.DefaultClient, one.URL), chatsim.Sender(http.DefaultClient, other.URL)}
		var n atomic.Int64
		return target{read: readOver(one.URL), send: func(ctx context.Context, d chatsim.Delivery) error { return senders[n.Add(1)%2](ctx, d) }}
	case "lambda":
		function := processtest.StartLambda(t, binaries.Build(t, "functions/aws/webhook"), 10*time.Second, environ(webhook, nil))
		repairer := processtest.StartLambda(t, binaries.Build(t, "functions/aws/repair"), time.Minute, environ(without(webhook, "MSGEXT_TOKEN"), repair))
		return target{
			send: sendAs(sample.AWSEvents, function.Invoke), read: readFrom(t, webhook["MSGEXT_STATE"]),
			repair: func() error { _, err := repairer.Invoke([]byte(`{"detail-type":"Scheduled Event"}`)); return err },
		}
	}
	function := processtest.StartSCF(t, binaries.Build(t, "functions/scf/webhook"), 10*time.Second, webhook)
	repairer := processtest.StartSCF(t, binaries.Build(t, "functions/scf/repair"), time.Minute, merge(without(webhook, "MSGEXT_TOKEN"), repair))
	return target{
		send: sendAs(sample.SCFEvents, function.Invoke), read: readFrom(t, webhook["MSGEXT_STATE"]),
		repair: func() error { _, err := repairer.Invoke([]byte(`{"Type":"Timer"}`)); return err },
	}
}

// sendAs sends a webhook as the event of a gateway, using each form in turn.
func sendAs(shapes func(sample.Request) []sample.Event, invoke func([]byte) ([]byte, error)) func(context.Context, chatsim.Delivery) error {
	var n atomic.Int64
	return func(_ context.Context, d chatsim.Delivery) error {
		events := shapes(sample.Request{Method: http.MethodPost, Path: "/", RawQuery: d.RawQuery, Body: string(d.Body)})
		response, err := invoke(events[int(n.Add(1))%len(events)].Payload)
		if err != nil {
			return err
		}
		status, body, err := sample.Unwrap(response)
		if err != nil {
			return err
		}
		return chatsim.CheckReply(status, []byte(body))
	}
}

// readOver reads a message from a process over HTTP. A message that is not known is empty.
func readOver(base string) func(context.Context, msgext.Message) (msgext.ReadReply, error) {
	return func(ctx context.Context, m msgext.Message) (msgext.ReadReply, error) {
		path := fmt.Sprintf("/api/groups/%s/messages/%d/extensions", url.PathEscape(m.GroupID), m.MsgSeq)
		if !m.IsGroup() {
			path = fmt.Sprintf("/api/c2c/%s/%s/messages/%s/extensions", url.PathEscape(m.From), url.PathEscape(m.To), url.PathEscape(m.MsgKey))
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return msgext.ReadReply{}, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return msgext.ReadReply{}, err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode == http.StatusNotFound {
			return msgext.State{}.Reply(), nil
		}
		var reply msgext.ReadReply
		return reply, json.NewDecoder(response.Body).Decode(&reply)
	}
}

// readFrom reads a message from the store directly, as a Go program would.
func readFrom(t *testing.T, location string) func(context.Context, msgext.Message) (msgext.ReadReply, error) {
	t.Helper()
	store := openStore(t, location)
	return func(ctx context.Context, m msgext.Message) (msgext.ReadReply, error) {
		record, err := store.Load(ctx, m)
		if err != nil && err != state.ErrNotFound {
			return msgext.ReadReply{}, err
		}
		return record.State.Reply(), nil
	}
}

func openStore(t *testing.T, location string) state.Store {
	t.Helper()
	drivers := driver.Drivers{Stores: allstores.List(awschain.New())}
	cfg, err := drivers.Load([]string{"MSGEXT_STATE=" + location, "MSGEXT_SDK_APP_ID=1400000000"}, config.State)
	require.NoError(t, err)
	setAWS(t)
	connections, err := drivers.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, connections.Close()) })
	return connections.Store
}

// setAWS sets the variables that the SDK reads. A test whose subtests run side by side sets them
// too, so that none of them takes them from another when it ends.
func setAWS(t *testing.T) {
	t.Helper()
	if endpoint := dynamoEndpoint(); endpoint != "" {
		t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
		t.Setenv("AWS_REGION", "eu-central-1")
		t.Setenv("AWS_ACCESS_KEY_ID", "test")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	}
}

func environ(maps ...map[string]string) []string {
	all := []string{"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test"}
	if endpoint := dynamoEndpoint(); endpoint != "" {
		all = append(all, "AWS_ENDPOINT_URL_DYNAMODB="+endpoint)
	}
	for name, value := range merge(maps...) {
		all = append(all, name+"="+value)
	}
	return all
}

func merge(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}

func without(m map[string]string, name string) map[string]string {
	rest := merge(m)
	delete(rest, name)
	return rest
}
