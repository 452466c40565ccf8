package outbound

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
)

// ErrHeader is the error for a header that a request may not carry.
var ErrHeader = errors.New("header cannot be set")

// ParseHeader reads a header of the form Name: value. Its error is ErrHeader and names the rule,
// never the value.
func ParseHeader(text string) (name, value string, err error) {
	name, value, found := strings.Cut(text, ":")
	if !found {
		return "", "", fmt.Errorf("%w: not of the form Name: value", ErrHeader)
	}
	return name, strings.TrimSpace(value), nil
}

// CheckHeader refuses what is not a valid header, the headers of the connection, and those that a
// request sets itself, given as canonical names in own. Its error is ErrHeader and names the rule,
// never the value.
func CheckHeader(name, value string, own ...string) error {
	if !isToken(name) {
		return fmt.Errorf("%w: the name is none", ErrHeader)
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
		return fmt.Errorf("%w: the value has a control character", ErrHeader)
	}
	if secondLine.MatchString(value) {
		return fmt.Errorf(`%w: the value has a \n of two characters and a second header: end a line with a line break`, ErrHeader)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	if slices.Contains(own, name) {
		return fmt.Errorf("%w: %s is each request's own", ErrHeader, name)
	}
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection",
		"Proxy-Authorization", "Te", "Trailer", "Upgrade", "Expect":
		return fmt.Errorf("%w: %s is the connection's", ErrHeader, name)
	// net/http repeats a request that has such a header.
	case "Idempotency-Key", "X-Idempotency-Key":
		return fmt.Errorf("%w: %s is each request's own", ErrHeader, name)
	}
	return nil
}

// secondLine finds a header that follows a line break written as two characters.
var secondLine = regexp.MustCompile(`\\n *[A-Za-z0-9.: -]*[A-Za-z0-9-]+:`)

// isToken reports whether text can be a header's name (RFC 9110, section 5.6.2).
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}
