package redisstate_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound/outboundtest"
	"msgext/internal/peertest"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

const serverPassword, sentinelPassword, masterName = "of-the-servers", "of-the-sentinel", "msgext"

// budget is the default time for a reply, MSGEXT_REPLY_BUDGET.
const budget = 1500 * time.Millisecond

// patience is how long the test waits for steps that are not ours, on a loaded machine.
const patience = time.Minute

func TestOpen_Sentinel(t *testing.T) {
	tests := []struct {
		name      string
		url       secret.String
		addresses []string
		want      redis.FailoverOptions // only the fields that a test sets are compared
		tls       bool
	}{
		{name: "one", url: "redis://a?master_name=m", addresses: []string{"a:26379"}},
		{name: "several", url: "redis://a,b:1,[::1],[::1]:2/3?master_name=m&pool_size=4", addresses: []string{"a:26379", "b:1", "[::1]:26379", "[::1]:2"},
			want: redis.FailoverOptions{DB: 3, PoolSize: 4}},
		{name: "as go-redis writes them", url: "redis://a:1?master_name=m&addr=b:2&addr=c:3", addresses: []string{"a:1", "b:2", "c:3"}},
		{name: "passwords", url: "redis://su:sp@a?master_name=m&username=u&password=p%26q", addresses: []string{"a:26379"},
			want: redis.FailoverOptions{SentinelUsername: "su", SentinelPassword: "sp", Username: "u", Password: "p&q"}},
		{name: "the master's password alone", url: "redis://a?master_name=m&password=p", addresses: []string{"a:26379"}, want: redis.FailoverOptions{Password: "p"}},
		{name: "TLS", url: "rediss://a?master_name=m", addresses: []string{"a:26379"}, tls: true},
		{name: "never a replica", url: "redis://a?master_name=m&replica_only=true&route_by_latency=true&route_randomly=true", addresses: []string{"a:26379"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_ = open(t, test.url) // go-redis panics at options that exclude each other
			got, err := redisstate.OpenedSentinel(test.url)
			require.NoError(t, err)
			assert.Equal(t, "m", got.MasterName)
			assert.Equal(t, test.addresses, got.SentinelAddrs)
			assert.Equal(t, test.want, redis.FailoverOptions{
				DB: got.DB, PoolSize: got.PoolSize, Username: got.Username, Password: got.Password, SentinelUsername: got.SentinelUsername,
				SentinelPassword: got.SentinelPassword, ReplicaOnly: got.ReplicaOnly, RouteByLatency: got.RouteByLatency, RouteRandomly: got.RouteRandomly,
			})
			require.Equal(t, test.tls, got.TLSConfig != nil)
			if test.tls {
				assert.Empty(t, got.TLSConfig.ServerName, "each has a name of its own")
			}
		})
	}
}

func TestOpen_RefusesHalfASentinel(t *testing.T) {
	for url, want := range map[secret.String]string{
		"redis://plant?master_name=":                         "master_name, the name",
		"redis://plant?master_name=plant&master_name=plant2": "there twice",
		"redis://plant?addr=plant:1":                         "master_name is missing",
		"redis://plant?password=plant":                       "master_name is missing",
		"redis://plant,plant2?username=plant&password=p":     "master_name is missing",
		"redis://plant?master_name=plant&cluster=true":       "exclude each other",
		"redis://plant?master_name=plant&cluster=false":      "exclude each other",
		"redis://plant?master_name=plant&username=plant":     "username is there and password is not",
		"redis://plant?master_name=plant&addr=plant":         "an addr is not HOST:PORT",
		"redis://plant?master_name=plant&addr=plant:x":       "an addr is not HOST:PORT",
		"redis://plant?master_name=plant&addr=:1":            "an addr is not HOST:PORT",
		"redis://plant/plant?master_name=plant":              "the database is not a number",
		"redis://plant?master_name=plant&plant=1":            "an option that go-redis does not have",
		"redis://plant,:1?master_name=plant":                 "a host is missing",
		"redis://plant,plant:plant?master_name=plant":        "a port is not a number",
	} {
		_, err := redisstate.Open(url)
		require.ErrorIs(t, err, redisstate.ErrURL, "%s", url.Reveal())
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "plant")
	}
}

func TestStore_SentinelErrorsNameNoAddress(t *testing.T) {
	_, err := open(t, "redis://planted:secret@127.0.0.1:1,127.0.0.1:2?master_name=planted&password=planted&max_retries=-1&dialer_retries=1").Load(t.Context(), statetest.NewMessage())
	require.ErrorContains(t, err, "connection refused")
	assert.NotContains(t, err.Error(), "127.0.0.1")
	assert.NotContains(t, err.Error(), "planted")
}

// A master with a replica, which a sentinel watches.
func TestStore_Sentinel(t *testing.T) {
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1 "+master.port)
	require.Eventually(t, func() bool {
		return strings.Contains(replica.Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, patience, 10*time.Millisecond)
	sentinel := startSentinel(t, master)
	url := secret.String("redis://:" + sentinelPassword + "@127.0.0.1:" + sentinel.port + "?master_name=" + masterName + "&password=" + serverPassword)

	t.Run("keeps the store's laws", func(t *testing.T) {
		statetest.Run(t, func(t *testing.T) state.Store { return open(t, url) })
	})
	t.Run("one sentinel is gone", func(t *testing.T) {
		store := open(t, secret.String(strings.Replace(url.Reveal(), "@", "@127.0.0.1:1,", 1)))
		require.NoError(t, apply(t, store, statetest.NewMessage(), 1))
	})
	// go-redis returns the same answer as for a script that returns nothing, so a write that was
	// not made would be taken for one that was.
	t.Run("the sentinel knows no such master", func(t *testing.T) {
		store := open(t, secret.String(strings.Replace(url.Reveal(), masterName, "another", 1)))
		for _, err := range []error{apply(t, store, statetest.NewMessage(), 1), store.Forget(t.Context(), statetest.NewMessage())} {
			assert.EqualError(t, err, "redisstate: "+redisstate.ErrUnknownMaster.Error())
		}
		_, err := store.Load(t.Context(), statetest.NewMessage())
		assert.ErrorIs(t, err, redisstate.ErrUnknownMaster)
	})
	t.Run("connections died", func(t *testing.T) { frozen(t, sentinel) })
	t.Run("after a failover", func(t *testing.T) { failover(t, url, master, replica, sentinel) })
}

// However many connections to sentinels or the master broke, one ping discards all of them.
func frozen(t *testing.T, sentinel *process) {
	server := startServer(t)
	master := outboundtest.NewNetwork(t, "127.0.0.1:"+server.port)
	host, port, err := net.SplitHostPort(master.Addr().String())
	require.NoError(t, err)
	const name = "frozen"
	for _, words := range [][]any{
		{"sentinel", "monitor", name, host, port, 1}, {"sentinel", "set", name, "auth-pass", serverPassword},
		{"sentinel", "set", name, "down-after-milliseconds", 600_000},
	} {
		require.NoError(t, sentinel.Do(t.Context(), words...).Err())
	}
	sentinels := outboundtest.NewNetwork(t, "127.0.0.1:"+sentinel.port)
	var ahead atomic.Int64
	store, err := redisstate.OpenAt(secret.String("redis://:"+sentinelPassword+"@"+sentinels.Addr().String()+"?master_name="+name+"&password="+serverPassword), func() time.Time {
		return time.Now().Add(time.Duration(ahead.Load()))
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	m := statetest.NewMessage()
	require.NoError(t, apply(t, store, m, 1))
	master.Freeze()
	sentinels.Freeze()
	ahead.Add(int64(time.Hour))
	// Two pings take 600 ms. Without them it would be the time for an answer, twice.
	ctx, cancel := context.WithTimeout(t.Context(), budget)
	defer cancel()
	require.NoError(t, store.Apply(ctx, statetest.SetEvent(m, 2, "v", "a"), start, state.MarkNow))
	record, err := store.Load(t.Context(), m)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.State.Contiguous())
}

// The next event after a failover goes to the new master, even if connections to the old one, now a
// replica, still exist.
func failover(t *testing.T, url secret.String, master, replica, sentinel *process) {
	store, before := open(t, url), statetest.NewMessage()
	require.NoError(t, apply(t, store, before, 1))
	for _, server := range []*process{master, replica} { // the replica lags behind
		require.Eventually(t, func() bool {
			return server.Exists(t.Context(), redisstate.Keys(before.Path())[0]).Val() == 1
		}, patience, time.Millisecond)
	}
	require.Eventually(t, func() bool {
		// Refused until the sentinel knows the replica, then a failover is in progress.
		_ = sentinel.Do(t.Context(), "sentinel", "failover", masterName).Err()
		named, err := sentinel.Do(t.Context(), "sentinel", "get-master-addr-by-name", masterName).StringSlice()
		return err == nil && named[1] == replica.port
	}, patience, 50*time.Millisecond)
	// The sentinel does this some seconds later.
	require.NoError(t, master.ReplicaOf(t.Context(), "127.0.0.1", replica.port).Err())

	after := statetest.NewMessage()
	require.NoError(t, apply(t, store, after, 1))
	require.NoError(t, apply(t, store, before, 2))
	assert.EqualValues(t, 1, replica.Exists(t.Context(), redisstate.Keys(after.Path())[0]).Val(), "the new master has it")
	record, err := store.Load(t.Context(), before)
	require.NoError(t, err)
	assert.EqualValues(t, 2, record.State.Contiguous())
}

// apply applies an event within twice the time for a reply, because a busy machine may hold the
// test up. It also tries again where all sentinels took longer than the time of a ping, so that the
// store gave up with time left.
func apply(t *testing.T, store *redisstate.Store, m msgext.Message, version int64) error {
	t.Helper()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 2*budget)
		err := store.Apply(ctx, statetest.SetEvent(m, version, "v", "a"), start, state.MarkNow)
		timeLeft := ctx.Err() == nil
		cancel()
		if err == nil || !timeLeft || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
			return err
		}
	}
}

// process is a server or a sentinel that only this test uses, and a client of it.
type process struct {
	*redis.Client
	port string
	kill func()
}

func startServer(t *testing.T, args ...string) *process {
	t.Helper()
	return startRedis(t, serverPassword, new(redis.Options), func(port, folder string) []string {
		return append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--requirepass", serverPassword,
			"--masterauth", serverPassword, "--repl-diskless-sync-delay", "0"}, args...)
	})
}

// startSentinel starts a sentinel that fails over only when asked to, and never because a loaded
// machine is slow.
func startSentinel(t *testing.T, master *process) *process {
	t.Helper()
	return startRedis(t, sentinelPassword, new(redis.Options), func(port, folder string) []string {
		path := filepath.Join(folder, "sentinel.conf") // the sentinel writes to it
		require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "port %s\nbind 127.0.0.1\ndir %s\nrequirepass %s\nsentinel monitor %s 127.0.0.1 %s 1\n"+
			"sentinel auth-pass %s %s\nsentinel down-after-milliseconds %s 600000\n", port, folder, sentinelPassword, masterName, master.port, masterName, serverPassword, masterName), 0o600))
		return []string{path, "--sentinel"}
	})
}

// startRedis runs redis-server on a free port until the test ends. how has the TLS settings of its
// client.
func startRedis(t *testing.T, password string, how *redis.Options, args func(port, folder string) []string) *process {
	t.Helper()
	_ = peertest.Address(t, peertest.Redis) // skips where there is no Redis, and so no redis-server
	for range 10 {                          // another process may take the port first
		port := freePort(t)
		command := exec.Command("redis-server", args(port, t.TempDir())...)
		require.NoError(t, command.Start())
		ended := make(chan struct{})
		go func() {
			_ = command.Wait() // its error: it was killed
			close(ended)
		}()
		kill := func() {
			_ = command.Process.Kill() // it may have ended by itself
			<-ended
		}
		t.Cleanup(kill)
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, Password: password, TLSConfig: how.TLSConfig})
		t.Cleanup(func() { assert.NoError(t, client.Close()) })
		if isUp(t, client, command.Process.Pid, ended) {
			return &process{client, port, kill}
		}
	}
	require.FailNow(t, "redis-server does not start")
	return nil
}

// isUp waits until a process answers on its port or has ended.
func isUp(t *testing.T, client *redis.Client, pid int, ended <-chan struct{}) bool {
	t.Helper()
	up := false
	require.Eventually(t, func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		up = strings.Contains(client.Info(t.Context(), "server").Val(), "process_id:"+strconv.Itoa(pid)+"\r\n")
		return up
	}, patience, 10*time.Millisecond)
	return up
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { assert.NoError(t, listener.Close()) }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

// What a server that is not the right one answers becomes a sentence that says what to write,
// without the user and the master's name.
func TestStore_ServersThatRefuse(t *testing.T) {
	master := startServer(t)
	replica := startServer(t, "--replicaof", "127.0.0.1 "+master.port)
	require.Eventually(t, func() bool {
		return strings.Contains(replica.Info(t.Context(), "replication").Val(), "master_link_status:up")
	}, patience, 10*time.Millisecond)
	require.NoError(t, master.Do(t.Context(), "acl", "setuser", "planted", "on", ">pw", "~*", "+@read", "+@connection").Err())
	require.NoError(t, master.Do(t.Context(), "acl", "setuser", "planted2", "on", ">pw", "~other:*", "+@all").Err())
	for url, want := range map[string]string{
		"redis://:" + serverPassword + "@127.0.0.1:" + replica.port:                         "the server is a replica: write the master's host",
		"redis://127.0.0.1:" + master.port:                                                  "the server wants a password",
		"redis://planted:pw@127.0.0.1:" + master.port:                                       "the server's ACL forbids",
		"redis://planted2:pw@127.0.0.1:" + master.port:                                      "the server's ACL forbids",
		"redis://:" + serverPassword + "@127.0.0.1:" + master.port + "?cluster=true":        "the server is not of a cluster",
		"redis://:" + serverPassword + "@127.0.0.1:" + master.port + "?master_name=planted": "the hosts are no sentinels",
	} {
		store := open(t, secret.String(url))
		err := store.Apply(t.Context(), statetest.SetEvent(statetest.NewMessage(), 1, "v", "a"), start, state.MarkNow)
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "planted")
		assert.NotContains(t, err.Error(), "127.0.0.1")
	}
}
