package redisstate

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// A connection that was idle is pinged before it is used again (package outbound). One that dies
// under a command, and does not answer within readTimeout, half of what a reply may take in all, is
// closed and the command sent again on another: nothing we send is harmed by arriving twice.
const readTimeout = 750 * time.Millisecond

const dialTimeout = 5 * time.Second // go-redis's own, of one server

// silence makes go-redis, which has one logger a process, write no lines of its own: they name
// addresses, and are no JSON. What they tell of is the error of some call.
var silence = sync.OnceFunc(func() { redis.SetLogger(silent{}) })

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Open returns a Store on the Redis at a URL. It connects when it is first used. Its error wraps
// ErrURL.
//
//	redis://USER:PASSWORD@HOST:PORT/DB?OPTION=VALUE      one server
//	redis://USER:PASSWORD@HOST:PORT,HOST:PORT,HOST:PORT  a cluster, by some of its nodes
//	redis://USER:PASSWORD@HOST:PORT?cluster=true         a cluster, by one name
//	redis://HOST:PORT,HOST:PORT/DB?master_name=NAME      the master that these sentinels name
//
// USER and PASSWORD are for the hosts in the URL, sentinels included; the options username and
// password are then for the master. With rediss:// the connection is TLS, to sentinels too, and
// each node of a cluster, each sentinel and the master is verified under its own name. The port is
// 6379 unless given, a sentinel's 26379. The other options are go-redis's own, such as pool_size
// (pkg.go.dev/github.com/redis/go-redis/v9, ParseURL, ParseClusterURL and ParseFailoverURL of
// v9.23.0); without them read_timeout is 750ms and conn_max_idle_time 30s.
func Open(url secret.String) (*Store, error) {
	scripts, err := newScripts()
	if err != nil {
		return nil, err
	}
	options, err := parse(url)
	if err != nil {
		return nil, err
	}
	silence()
	return &Store{options.client(outbound.NewPinger(ping)), scripts}, nil
}

// client returns a client that dials nothing yet.
func (o options) client(pinger *outbound.Pinger) redis.UniversalClient {
	if o := o.cluster; o != nil {
		if o.TLSConfig != nil {
			o.TLSConfig.ServerName = ""
		}
		o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // replicas follow behind
		o.ContextTimeoutEnabled = true
		o.ReadTimeout = cmp.Or(o.ReadTimeout, readTimeout)
		o.ConnMaxIdleTime = cmp.Or(o.ConnMaxIdleTime, outbound.IdleTimeout)
		o.DisableIdentity = true
		o.MaintNotificationsConfig = noNotifications()
		o.Dialer = pinger.Dial(redis.NewDialer(&redis.Options{
			DialTimeout: cmp.Or(o.DialTimeout, dialTimeout), TLSConfig: o.TLSConfig,
		}))
		return redis.NewClusterClient(o)
	}
	if o.sentinel != nil {
		return sentinelClient(o.sentinel, pinger)
	}
	server := o.server
	server.ContextTimeoutEnabled = true
	server.ReadTimeout = cmp.Or(server.ReadTimeout, readTimeout)
	server.ConnMaxIdleTime = cmp.Or(server.ConnMaxIdleTime, outbound.IdleTimeout)
	server.DisableIdentity = true
	server.MaintNotificationsConfig = noNotifications()
	server.Dialer = pinger.Dial(redis.NewDialer(server))
	return redis.NewClient(server)
}

// noNotifications spares every new connection a round trip, which a cold start would pay for.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
