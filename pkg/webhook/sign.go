package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"msgext/pkg/secret"
)

// Errors of Verify.
var (
	ErrForeignApp = errors.New("webhook: SdkAppid is not this app's")
	ErrUnsigned   = errors.New("webhook: Sign or RequestTime missing")
	ErrMalformed  = errors.New("webhook: Sign is not 64 lower-case hex digits or RequestTime not 10 digits")
	ErrStale      = errors.New("webhook: RequestTime too far in the past or the future")
	ErrSignature  = errors.New("webhook: Sign matches no token")
	ErrNoCommand  = errors.New("webhook: CallbackCommand missing")
)

// DefaultMaxSkew is how far RequestTime may be from now. Chat's own page names no
// window; its sibling product's asks to refuse what is more than a minute away (647/69528).
const DefaultMaxSkew = 60 * time.Second

const (
	signDigits = 2 * sha256.Size
	timeDigits = 10
)

// Sign returns the signature Chat sends with requestTime, Unix seconds in ten digits:
// lower-case hex SHA-256 of the token followed by the time (trtc.io/document/34354).
func Sign(token secret.String, requestTime string) string {
	sum := digest(token, requestTime)
	return string(sum[:])
}

func digest(token secret.String, requestTime string) (digits [signDigits]byte) {
	var buffer [128 + timeDigits]byte // a token has at most 128 characters, so this stays off the heap
	sum := sha256.Sum256(append(append(buffer[:0], token.Reveal()...), requestTime...))
	hex.Encode(digits[:], sum[:])
	return digits
}

// Verifier decides whether a call comes from the app's own Chat.
type Verifier struct {
	SDKAppID string

	// Tokens are the tokens configured in the console; several while one replaces another.
	Tokens []secret.String

	// AllowUnsigned takes every call that names the app, for an app without a token. It is
	// ignored where there are tokens.
	AllowUnsigned bool

	// MaxSkew is how far RequestTime may be from now, either way; DefaultMaxSkew when zero.
	MaxSkew time.Duration
}

// Verify reports whether q was signed with one of the tokens no longer than MaxSkew away from now,
// for this app.
//
// It proves that somebody who knows a token signed this second. It does not prove that the body,
// the command or any other part of the URL is unaltered, that the call is not a replay within the
// window, nor who sent it: all calls of one second carry the same Sign, and whoever has seen it can
// send any body under it until the window closes. Because the signature is a plain hash of token
// and time, a seen one can also be extended to a longer time; that is why RequestTime must be ten
// digits before anything is hashed.
//
// Errors: ErrForeignApp, ErrUnsigned, ErrMalformed, ErrStale, ErrSignature, ErrNoCommand. Safe for
// concurrent use. All tokens are tried, in constant time.
func (v Verifier) Verify(q Query, now time.Time) error {
	if q.SDKAppID == "" || q.SDKAppID != v.SDKAppID {
		return ErrForeignApp
	}
	if len(v.Tokens) > 0 || !v.AllowUnsigned {
		if err := v.verifySign(q, now); err != nil {
			return err
		}
	}
	if q.Command == "" {
		return ErrNoCommand
	}
	return nil
}

// SignedAt returns when Chat signed a query that Verify has taken, by Chat's clock and to the
// second; zero where nothing was signed.
func (v Verifier) SignedAt(q Query) time.Time {
	if len(v.Tokens) == 0 {
		return time.Time{} // whatever RequestTime says, nobody vouches for it
	}
	seconds, err := strconv.ParseInt(q.RequestTime, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

func (v Verifier) verifySign(q Query, now time.Time) error {
	if q.Sign == "" || q.RequestTime == "" {
		return ErrUnsigned
	}
	if !isDigits(q.RequestTime, timeDigits, 10) || !isDigits(q.Sign, signDigits, 16) {
		return ErrMalformed
	}
	seconds, err := strconv.ParseInt(q.RequestTime, 10, 64)
	if err != nil {
		return ErrMalformed
	}
	skew := v.MaxSkew
	if skew == 0 {
		skew = DefaultMaxSkew
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > skew || age < -skew {
		return ErrStale
	}
	match := 0
	for _, token := range v.Tokens {
		if token == "" {
			continue // would be a signature anybody can make
		}
		want := digest(token, q.RequestTime)
		match |= subtle.ConstantTimeCompare(want[:], []byte(q.Sign))
	}
	if match == 0 {
		return ErrSignature
	}
	return nil
}

// isDigits reports whether text is length digits to base 10 or, in lower case, 16.
func isDigits(text string, length, base int) bool {
	if len(text) != length {
		return false
	}
	for i := range len(text) {
		c := text[i]
		if (c < '0' || c > '9') && (base != 16 || c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
