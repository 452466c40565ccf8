// Package location splits the values of MSGEXT_STATE and MSGEXT_SINKS, which are SCHEME:PLACE or
// SCHEME://PLACE. It holds the rules that all drivers share.
package location

import (
	"net/url"
	"slices"
	"strings"

	"msgext/pkg/secret"
)

// Scheme returns the text before the colon, and whether there is a colon.
func Scheme(given secret.String) (string, bool) {
	scheme, _, found := strings.Cut(given.Reveal(), ":")
	return scheme, found
}

// Place returns the text after the scheme.
func Place(given secret.String) string {
	_, place, _ := strings.Cut(given.Reveal(), ":")
	return strings.TrimPrefix(place, "//")
}

// IsRepeated reports whether an option is there more than once, except those that may be. Only one
// of the values would count.
func IsRepeated(options url.Values, except ...string) bool {
	for name, values := range options {
		if len(values) > 1 && !slices.Contains(except, name) {
			return true
		}
	}
	return false
}

// Escape is the rule that database URLs break most often.
const Escape = "in user name and password every : / ? # [ ] @ and % is written as %3A %2F %3F %23 %5B %5D %40 %25"

// IsUnescaped reports whether a reserved character in the user name or password has ended that part
// of the URL. The @ after it then stands in the path or the fragment, and part of the password is
// taken for a port or a database. An @ in a query belongs to a value.
func IsUnescaped(given secret.String) bool {
	_, rest, _ := strings.Cut(given.Reveal(), "://")
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	return strings.Contains(path, "@") || strings.Contains(fragment, "@")
}
