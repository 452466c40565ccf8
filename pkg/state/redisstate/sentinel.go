package redisstate

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/internal/outbound"
)

// sentinelPort is the default port of a sentinel
// (redis.io/docs/latest/operate/oss_and_stack/management/sentinel).
const sentinelPort = "26379"

// Reasons to refuse a URL with sentinels.
var (
	errMasterName     = fmt.Errorf("%w: master_name, the name that the sentinels know the master by, is empty or there twice", ErrURL)
	errNoMasterName   = fmt.Errorf("%w: addr, username and password are options for Sentinel, and master_name is missing", ErrURL)
	errMasterCluster  = fmt.Errorf("%w: master_name and cluster exclude each other: a cluster has no sentinels", ErrURL)
	errMasterPassword = fmt.Errorf("%w: username is there and password is not", ErrURL)
	errSentinelHost   = fmt.Errorf("%w: an addr is not HOST:PORT", ErrURL)
)

// errUnknownMaster is every call's error if the sentinels answer that they do not watch a master of
// that name.
var errUnknownMaster = errors.New("redisstate: the sentinels know no master of the name in master_name")

// namesMaster reports whether a URL's options name a master, which means that its hosts are
// sentinels. It refuses options for a master that are incomplete or exclude each other.
func namesMaster(query url.Values) (bool, error) {
	if !query.Has("master_name") {
		if query.Has("addr") || query.Has("username") || query.Has("password") {
			return false, errNoMasterName
		}
		return false, nil
	}
	switch names := query["master_name"]; {
	case len(names) != 1 || names[0] == "":
		return false, errMasterName
	case query.Has("cluster"):
		return false, errMasterCluster
	case query.Get("username") != "" && query.Get("password") == "":
		return false, errMasterPassword
	}
	return true, nil
}

// parseSentinels reads the URL of one sentinel and the addresses of others, in the form that
// go-redis's ParseFailoverURL accepts.
func parseSentinels(u *url.URL, others []string) (options, error) {
	query := u.Query()
	if !isDatabase(u, query) {
		return options{}, errDatabase
	}
	for _, address := range query["addr"] {
		if _, _, err := net.SplitHostPort(address); err != nil || !outbound.IsHost(address) {
			return options{}, errSentinelHost
		}
	}
	u.Host = withSentinelPort(u)
	for _, host := range others {
		other, err := url.Parse(u.Scheme + "://" + host)
		if err != nil {
			return options{}, errHost
		}
		query.Add("addr", withSentinelPort(other))
	}
	u.RawQuery = query.Encode()
	sentinel, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return options{}, errOption
	}
	return options{sentinel: sentinel}, nil
}

func withSentinelPort(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), sentinelPort))
}

// sentinelClient returns a client of the server that the sentinels name as the master. Idle
// connections to the sentinels are checked before reuse, like those to the master.
func sentinelClient(o *redis.FailoverOptions, pinger *outbound.Pinger) redis.UniversalClient {
	o.ReplicaOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // replicas lag behind
	o.Protocol = protocol
	o.ContextTimeoutEnabled = true
	o.ReadTimeout = cmp.Or(o.ReadTimeout, readTimeout)
	o.ConnMaxIdleTime = cmp.Or(o.ConnMaxIdleTime, outbound.IdleTimeout)
	o.DisableIdentity = true
	// go-redis asks the sentinel that answered last twice before it asks the others, and each time
	// dials it up to twenty times. If that sentinel is gone, as it is where it ran beside the
	// master that died, nothing would be left of a reply's time.
	o.DialerRetries = cmp.Or(o.DialerRetries, 1)
	// redis.NewDialer is not used: with TLS it waits for an unreachable sentinel even if another
	// has answered.
	dialer := &net.Dialer{Timeout: cmp.Or(o.DialTimeout, dialTimeout)}
	dial := dialer.DialContext
	if o.TLSConfig != nil {
		o.TLSConfig.ServerName = "" // each server has its own name
		dial = (&tls.Dialer{NetDialer: dialer, Config: o.TLSConfig}).DialContext
	}
	o.Dialer = pinger.Dial((&sentinelDialer{dial: dial, addresses: slices.Clone(o.SentinelAddrs), failed: make(map[string]failure)}).Dial)
	client := redis.NewFailoverClient(o)
	client.AddHook(masterHook{})
	return client
}

// sentinelDialer dials sentinels for no longer than a ping takes, because the others can be asked.
// A sentinel that could not be reached is not dialled again for as long.
type sentinelDialer struct {
	dial      outbound.Dial
	addresses []string

	mu     sync.Mutex
	failed map[string]failure // by address
}

// failure is why and when a sentinel could not be reached.
type failure struct {
	err error
	at  time.Time
}

func (d *sentinelDialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !slices.Contains(d.addresses, address) {
		return d.dial(ctx, network, address)
	}
	d.mu.Lock()
	last := d.failed[address]
	d.mu.Unlock()
	if time.Since(last.at) < outbound.PingTimeout {
		return nil, last.err
	}
	limited, cancel := context.WithTimeout(ctx, outbound.PingTimeout)
	defer cancel()
	conn, err := d.dial(limited, network, address)
	if err != nil && ctx.Err() == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.failed[address] = failure{err, time.Now()}
	}
	return conn, err
}

// masterHook is a redis.Hook for the answer that there is no such master. go-redis returns
// redis.Nil for it. Elsewhere redis.Nil is a script's empty reply, so a write would seem to have
// succeeded.
type masterHook struct{}

func (masterHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := next(ctx, network, address)
		if errors.Is(err, redis.Nil) {
			return nil, errUnknownMaster
		}
		return conn, err
	}
}

func (masterHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (masterHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
