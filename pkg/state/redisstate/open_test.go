package redisstate_test

import (
	"context"
	"io"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
	"msgext/pkg/state/redisstate"
	"msgext/pkg/state/statetest"
)

func TestOpen(t *testing.T) {
	tests := []struct {
		name    string
		url     secret.String
		server  string   // its address
		cluster []string // addresses of nodes
		tls     bool
	}{
		{name: "a server", url: "redis://redis.internal", server: "redis.internal:6379"},
		{name: "a port, credentials, a database and an option", url: "redis://me:p%40%2Cs@redis.internal:1234/2?pool_size=3", server: "redis.internal:1234"},
		{name: "TLS", url: "rediss://redis.internal", server: "redis.internal:6379", tls: true},
		{name: "an IPv6 address", url: "redis://[::1]:1234", server: "[::1]:1234"},
		{name: "a cluster", url: "redis://me:p%2Fs@a:1,b,[::1]:3?pool_size=3", cluster: []string{"a:1", "b:6379", "[::1]:3"}},
		{name: "a cluster by one name", url: "redis://a?cluster=true", cluster: []string{"a:6379"}},
		{name: "not a cluster", url: "redis://a?cluster=false", server: "a:6379"},
		{name: "a cluster over TLS", url: "rediss://a,b/0", cluster: []string{"a:6379", "b:6379"}, tls: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			switch client := open(t, test.url).Client().(type) {
			case *redis.Client:
				assert.Equal(t, test.server, client.Options().Addr)
				assert.Equal(t, test.tls, client.Options().TLSConfig != nil)
			case *redis.ClusterClient:
				assert.Equal(t, test.cluster, client.Options().Addrs)
				require.Equal(t, test.tls, client.Options().TLSConfig != nil)
				if test.tls {
					assert.Empty(t, client.Options().TLSConfig.ServerName, "each node has a name of its own")
				}
			default:
				assert.Fail(t, "neither a server nor a cluster")
			}
		})
	}
}

func TestOpen_Refuses(t *testing.T) {
	for name, url := range map[string]secret.String{
		"another scheme":                    "http://me:plant@a",
		"a socket":                          "unix:///plant",
		"no host":                           "redis://me:plant@",
		"a port without a host":             "redis://me:plant@:6379",
		"an empty host among others":        "redis://me:plant@a,,b",
		"not a port":                        "redis://me:plant@a:plant",
		"not a port of another host":        "redis://me:plant@a,b:plant",
		"not a database":                    "redis://me:plant@a/plant",
		"a database of a cluster":           "redis://me:plant@a,b/3",
		"an option nobody knows":            "redis://me:plant@a?plant=1",
		"an option nobody knows, clustered": "redis://me:plant@a,b?plant=1",
		"neither a cluster nor not":         "redis://me:plant@a?cluster=plant",
		"a password not escaped":            "redis://me:plant%@a",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := redisstate.Open(url)
			require.ErrorIs(t, err, redisstate.ErrURL)
			assert.NotContains(t, err.Error(), "plant")
		})
	}
}

func TestStore_ErrorsKeepThePassword(t *testing.T) {
	for _, url := range []secret.String{
		"redis://me:plant@127.0.0.1:1?max_retries=-1", "redis://me:plant@127.0.0.1:1,127.0.0.1:2?max_retries=-1&max_redirects=-1&dialer_retries=1",
	} {
		_, err := open(t, url).Load(t.Context(), statetest.NewMessage())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "plant")
	}
}

// settings is a redis.Hook that answers CONFIG GET instead of the server.
type settings struct {
	requests
	values map[string]string
	err    error
}

func (s *settings) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		if s.err != nil {
			cmd.SetErr(s.err)
			return s.err
		}
		cmd.(*redis.MapStringStringCmd).SetVal(s.values)
		return nil
	}
}

// refusal is an error answered by the server itself.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) RedisError()     {}

func TestStore_Durability(t *testing.T) {
	values := func(appendonly, appendfsync, policy string) map[string]string {
		return map[string]string{"appendonly": appendonly, "appendfsync": appendfsync, "maxmemory-policy": policy}
	}
	tests := []struct {
		name    string
		values  map[string]string
		err     error
		want    redisstate.Durability
		wantErr error
	}{
		{name: "every write", values: values("yes", "always", "noeviction"), want: redisstate.Durable},
		{name: "eviction of what expires, which nothing here does", values: values("yes", "always", "volatile-lru"), want: redisstate.Durable},
		{name: "every second", values: values("yes", "everysec", "noeviction"), want: redisstate.EverySecond},
		{name: "whenever", values: values("yes", "no", "noeviction"), want: redisstate.Sometime},
		{name: "never", values: values("no", "always", "noeviction"), want: redisstate.InMemory},
		{name: "a cache", values: values("yes", "always", "allkeys-lru"), want: redisstate.Evicted},
		{name: "nothing said", values: map[string]string{}, want: redisstate.Unknown},
		{name: "refused", err: refusal("ERR unknown command 'config'"), want: redisstate.Unknown},
		{name: "cut off", err: io.EOF, want: redisstate.Unknown, wantErr: io.EOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := open(t, "redis://never.dialled.invalid")
			store.Client().AddHook(&settings{values: test.values, err: test.err})
			got, err := store.Durability(t.Context())
			require.ErrorIs(t, err, test.wantErr)
			assert.Equal(t, test.want, got)
		})
	}
}

// scripts/services starts the server with the settings that promise 1 needs, and the cluster with
// its defaults.
func TestStore_DurabilityOfServers(t *testing.T) {
	want := map[string]redisstate.Durability{"server": redisstate.Durable, "cluster": redisstate.InMemory}
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			got, err := open(t, kind.url(t)).Durability(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want[kind.name], got)
		})
	}
}
