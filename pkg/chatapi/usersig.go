package chatapi

import (
	"errors"
	"sync"
	"time"

	"github.com/tencentyun/tls-sig-api-v2-golang/tencentyun"

	"msgext/pkg/secret"
)

// With a leaked signature anyone can act as the admin until it expires. So it is valid for an hour,
// and not for the day that the vendor suggests for users' logins.
const (
	sigLifetime = time.Hour
	sigMargin   = 5 * time.Minute // how long before expiry a new one is made
)

// signer makes the admin's UserSig and keeps it until shortly before it expires. It is safe
// for concurrent use.
type signer struct {
	appID int
	admin string
	key   secret.String
	now   func() time.Time

	mu    sync.Mutex
	sig   secret.String
	renew time.Time // when a new sig is needed
}

func newSigner(appID int, options Options) func() *signer {
	s := &signer{appID: appID, admin: options.Admin, key: options.SecretKey, now: options.Now}
	return func() *signer { return s }
}

// userSig returns a signature that is valid for at least some minutes.
func (s *signer) userSig() (secret.String, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.sig != "" && now.Before(s.renew) {
		return s.sig, nil
	}
	// The vendor's library counts the lifetime from the system time. now may be from another clock.
	lifetime := sigLifetime + time.Until(now)
	sig, err := tencentyun.GenUserSig(s.appID, s.key.Reveal(), s.admin, int(lifetime/time.Second))
	if err != nil {
		return "", errors.New("chatapi: UserSig could not be made")
	}
	s.sig, s.renew = secret.String(sig), now.Add(sigLifetime-sigMargin)
	return s.sig, nil
}

// refuse discards a signature that Chat refused, unless there is a newer one already.
func (s *signer) refuse(sig secret.String) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sig == sig {
		s.sig = ""
	}
}
