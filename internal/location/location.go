// Package location reads what MSGEXT_STATE and MSGEXT_SINKS hold, SCHEME:PLACE or SCHEME://PLACE,
// as far as it is the same for every driver.
package location

import (
	"strings"

	"msgext/pkg/secret"
)

// Scheme returns what stands before the colon, and whether there is one.
func Scheme(url secret.String) (string, bool) {
	scheme, _, found := strings.Cut(url.Reveal(), ":")
	return scheme, found
}

// Place returns what follows the scheme.
func Place(url secret.String) string {
	_, place, _ := strings.Cut(url.Reveal(), ":")
	return strings.TrimPrefix(place, "//")
}

// Escape is the rule that the URL of a database most often breaks.
const Escape = "in user name and password every : / ? # [ ] @ and % is written as %3A %2F %3F %23 %5B %5D %40 %25"

// IsUnescaped reports whether a character of a user name or password seems to have ended the part
// of the URL in which they stand: then the @ after them has come into the path or the fragment, and
// what was meant as a password is taken for a port or a database. An @ in a query is a value's own.
func IsUnescaped(url secret.String) bool {
	_, rest, _ := strings.Cut(url.Reveal(), "://")
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	_, path, _ := strings.Cut(rest, "/")
	return strings.Contains(path, "@") || strings.Contains(fragment, "@")
}
