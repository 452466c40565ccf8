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

// DefaultMaxSkew is how far RequestTime may be from now. Chat's own page names no window. Its
// sibling product's page asks to refuse calls that are more than a minute away (647/69528).
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
	var buffer [128 + timeDigits]byte // a token has at most 128 characters
	sum := sha256.Sum256(append(append(buffer[:0], token.Reveal()...), requestTime...))
	hex.Encode(digits[:], sum[:])
	return digits
}

// Verifier decides whether a call comes from the app's own Chat.
type Verifier struct {
	SDKAppID string

	// Tokens are the tokens configured in the console. There may be several while one replaces
	// another.
	Tokens []secret.String

	// AllowUnsigned accepts every call that names the app, for an app without a token. It is
	// ignored if there are tokens.
	AllowUnsigned bool

	// MaxSkew is how far RequestTime may be from now, either way; DefaultMaxSkew when zero.
	MaxSkew time.Duration
}

// Verify returns nil if q is for this app and was signed with one of the tokens at a time no
// further than MaxSkew from now.
//
// It proves that the sender of the signature knew a token at that second. It does not prove that
// the body, the command or any other part of the URL is unaltered, that the call is not a replay
// within the window, or who sent it. All calls of one second carry the same Sign, and anyone who
// has seen it can send any body with it until the window closes. The signature is a plain hash of
// token and time, so a Sign that was seen can also be extended to a longer time. That is why
// RequestTime must be ten digits before anything is hashed.
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

// SignedAt returns when Chat signed a query that Verify has accepted, by Chat's clock and to the
// second. It is zero if nothing was signed.
func (v Verifier) SignedAt(q Query) time.Time {
	if len(v.Tokens) == 0 {
		return time.Time{} // an unsigned RequestTime proves nothing
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
			continue // an empty token would accept sha256(RequestTime), which anyone can compute
		}
		want := digest(token, q.RequestTime)
		match |= subtle.ConstantTimeCompare(want[:], []byte(q.Sign))
	}
	if match == 0 {
		return ErrSignature
	}
	return nil
}

// isDigits reports whether text consists of exactly length digits in base 10 or 16. Hex digits must
// be lower case.
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
