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

// A connection that was idle is pinged before it is used again (package outbound). If a connection
// does not answer a command within readTimeout, half of a reply's total budget, it is closed, and
// the command is sent again on another one. Nothing we send does harm when it arrives twice.
const readTimeout = 750 * time.Millisecond

// protocol is RESP2, in which HGETALL is a list. In RESP3 it is a map, of which the client would
// make one of Go, to be copied into the one of a state.
const protocol = 2

const dialTimeout = 5 * time.Second // go-redis's default for one server

// silence stops go-redis from logging. It has one logger per process, whose lines name addresses
// and are not JSON. Every failure that it would log is also the error of some call.
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
// USER and PASSWORD are for the hosts in the URL, including sentinels. With sentinels, the options
// username and password are for the master. With rediss:// every connection uses TLS, also those
// to sentinels, and each node of a cluster, each sentinel and the master is verified by its own
// name. The default port is 6379, for a sentinel 26379. The other options are go-redis's own, such
// as pool_size (pkg.go.dev/github.com/redis/go-redis/v9, ParseURL, ParseClusterURL and
// ParseFailoverURL of v9.23.0). The defaults of read_timeout and conn_max_idle_time are 750ms and
// 30s. The protocol is always 2.
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

// client returns a client. It opens no connection yet.
func (o options) client(pinger *outbound.Pinger) redis.UniversalClient {
	if o := o.cluster; o != nil {
		if o.TLSConfig != nil {
			o.TLSConfig.ServerName = ""
		}
		o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // replicas lag behind
		o.Protocol = protocol
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
	server.Protocol = protocol
	server.ContextTimeoutEnabled = true
	server.ReadTimeout = cmp.Or(server.ReadTimeout, readTimeout)
	server.ConnMaxIdleTime = cmp.Or(server.ConnMaxIdleTime, outbound.IdleTimeout)
	server.DisableIdentity = true
	server.MaintNotificationsConfig = noNotifications()
	server.Dialer = pinger.Dial(redis.NewDialer(server))
	return redis.NewClient(server)
}

// noNotifications saves every new connection a round trip, which would delay a cold start.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
