package redisstate

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/redis/go-redis/v9"

	"msgext/internal/outbound"
	"msgext/pkg/msgext"
	"msgext/pkg/secret"
)

// OpenAt is Open with another wall clock.
func OpenAt(url secret.String, now func() time.Time) (*Store, error) {
	scripts, err := newScripts()
	if err != nil {
		return nil, err
	}
	pinger := outbound.NewPinger(ping)
	pinger.Now = now
	options, err := parse(url)
	if err != nil {
		return nil, err
	}
	return &Store{options.client(pinger), scripts}, nil
}

// Client returns the client through which a store sends its commands.
func (s *Store) Client() redis.UniversalClient { return s.client }

// LoadScripts loads the scripts on every server, so that a test can expect one request per call.
func (s *Store) LoadScripts(ctx context.Context) error {
	all := s.scripts
	for _, script := range []*redis.Script{all.apply, all.mark, all.doubt, all.announce, all.merge, all.saveCheck, all.drop, all.sweep, all.erase, all.waiting, all.heads} {
		if err := script.Load(ctx, s.client).Err(); err != nil {
			return err
		}
	}
	return nil
}

// Keys returns the keys of a message.
var Keys = keys

// Shard returns the shard of a message.
func Shard(m msgext.Message) uint64 { return uint64(shard(m.Path())) }

// OpenedSentinel returns what Open makes of a URL that names a master.
func OpenedSentinel(url secret.String) (*redis.FailoverOptions, error) {
	o, err := parse(url)
	if err != nil {
		return nil, err
	}
	return o.sentinel, o.client(outbound.NewPinger(ping)).Close()
}

// ErrUnknownMaster is the error where the sentinels know no such master.
var ErrUnknownMaster = errUnknownMaster

// OpenTrusting is Open of a URL with sentinels that trusts other authorities than the system.
func OpenTrusting(url secret.String, roots *x509.CertPool) (*Store, error) {
	scripts, err := newScripts()
	if err != nil {
		return nil, err
	}
	o, err := parse(url)
	if err != nil {
		return nil, err
	}
	o.sentinel.TLSConfig.RootCAs = roots
	return &Store{o.client(outbound.NewPinger(ping)), scripts}, nil
}
