package reader

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"msgext/pkg/secret"
)

// allowed are the digests of the accepted tokens. If there are none, every caller is let in.
type allowed [][sha256.Size]byte

func digests(tokens []secret.String) allowed {
	var all allowed
	for _, token := range tokens {
		all = append(all, sha256.Sum256([]byte(token.Reveal())))
	}
	return all
}

// lets reports whether the header has one of the tokens, by RFC 6750: exactly one Authorization of
// the scheme Bearer. A token in the URL is ignored. The given token is compared with every accepted
// one, in a time that depends only on the given token's length.
func (a allowed) lets(header http.Header) bool {
	if len(a) == 0 {
		return true
	}
	given := header.Values("Authorization")
	if len(given) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	digest := sha256.Sum256([]byte(strings.Trim(token, " ")))
	match := 0
	for _, want := range a {
		match |= subtle.ConstantTimeCompare(digest[:], want[:])
	}
	return match == 1
}
