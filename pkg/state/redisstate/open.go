package redisstate

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// ErrURL is Open's error. It never quotes the URL, which holds a password.
var ErrURL = errors.New("redisstate: not a Redis URL")

// A connection that died unnoticed while a function's sandbox was frozen takes a command and never answers.
// One that was idle for longer than outbound.IdleTimeout is not used again (go-redis compares by the wall clock, which goes on
// meanwhile), and one that does not answer within readTimeout, half of what a reply may take in all, is
// closed and the command sent again on another: nothing we send is harmed by arriving twice.
const readTimeout = 750 * time.Millisecond

// Open returns a Store on the Redis at a URL. It connects when it is first used. Its error is ErrURL.
//
//	redis://USER:PASSWORD@HOST:PORT/DB?OPTION=VALUE      one server
//	redis://USER:PASSWORD@HOST:PORT,HOST:PORT,HOST:PORT  a cluster, by some of its nodes
//	redis://USER:PASSWORD@HOST:PORT?cluster=true         a cluster, by one name
//
// With rediss:// the connection is TLS, and each node of a cluster is verified under its own
// name. The port is 6379 unless given. The other options are go-redis's own, such as pool_size
// (pkg.go.dev/github.com/redis/go-redis/v9, ParseURL and ParseClusterURL of v9.23.0); without them
// read_timeout is 750ms and conn_max_idle_time 30s.
func Open(url secret.String) (*Store, error) {
	scripts, err := newScripts()
	if err != nil {
		return nil, err
	}
	client, err := newClient(url.Reveal())
	if err != nil {
		return nil, ErrURL // the cause would quote the URL
	}
	return &Store{client, scripts}, nil
}

func newClient(text string) (redis.UniversalClient, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "redis" && scheme != "rediss" {
		return nil, ErrURL
	}
	// Several hosts are not a URL that net/url takes: the first stays in it.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndex(rest[:end], "@") + 1
	hosts := strings.Split(rest[at:end], ",")
	for _, host := range hosts {
		if host == "" || strings.HasPrefix(host, ":") {
			return nil, ErrURL
		}
	}
	u, err := url.Parse(scheme + "://" + rest[:at] + hosts[0] + rest[end:])
	if err != nil {
		return nil, err
	}
	query := u.Query()
	cluster := len(hosts) > 1
	if query.Has("cluster") {
		if cluster, err = strconv.ParseBool(query.Get("cluster")); err != nil || !cluster && len(hosts) > 1 {
			return nil, ErrURL
		}
		query.Del("cluster")
	}
	u.RawQuery = query.Encode()
	if cluster {
		return newClusterClient(u, hosts[1:])
	}
	options, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, err
	}
	options.ContextTimeoutEnabled = true
	options.ReadTimeout = cmp.Or(options.ReadTimeout, readTimeout)
	options.ConnMaxIdleTime = cmp.Or(options.ConnMaxIdleTime, outbound.IdleTimeout)
	options.DisableIdentity = true
	options.MaintNotificationsConfig = noNotifications()
	return redis.NewClient(options), nil
}

func newClusterClient(u *url.URL, others []string) (redis.UniversalClient, error) {
	if db := strings.Trim(u.Path, "/"); db != "" && db != "0" {
		return nil, ErrURL // a cluster has one database
	}
	options, err := redis.ParseClusterURL(u.String())
	if err != nil {
		return nil, err
	}
	for _, host := range others {
		other, err := redis.ParseURL(u.Scheme + "://" + host)
		if err != nil {
			return nil, err
		}
		options.Addrs = append(options.Addrs, other.Addr)
	}
	if options.TLSConfig != nil {
		options.TLSConfig.ServerName = ""
	}
	options.ReadOnly, options.RouteByLatency, options.RouteRandomly = false, false, false // replicas follow behind
	options.ContextTimeoutEnabled = true
	options.ReadTimeout = cmp.Or(options.ReadTimeout, readTimeout)
	options.ConnMaxIdleTime = cmp.Or(options.ConnMaxIdleTime, outbound.IdleTimeout)
	options.DisableIdentity = true
	options.MaintNotificationsConfig = noNotifications()
	return redis.NewClusterClient(options), nil
}

// noNotifications spares every new connection a round trip, which a cold start would pay for.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}
