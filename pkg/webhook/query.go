package webhook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Errors of ParseQuery for a malformed query.
var (
	ErrQuery    = errors.New("webhook: query does not parse")
	ErrRepeated = errors.New("webhook: security parameter given more than once")
)

// Query holds the parameters that Chat puts into the URL of a call. A parameter that is absent is
// empty.
type Query struct {
	SDKAppID    string // SdkAppid
	Command     string // CallbackCommand
	Sign        string
	RequestTime string

	// HasCommand is false for a call without CallbackCommand, which the console makes to test the
	// URL. It is true if CallbackCommand is there but empty.
	HasCommand bool
}

// ParseQuery reads the four parameters that matter from a raw query. Names are compared after one
// percent-decoding and in exactly this case. Other parameters, including the app's own, are
// ignored, but must parse. It does not authenticate the sender: see Verify. Its errors are ErrQuery
// and ErrRepeated.
func ParseQuery(raw string) (Query, error) {
	var q Query
	var seen [parameters]bool
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.Contains(pair, ";") {
			return Query{}, ErrQuery // some parsers split here and some do not
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescape(name)
		if err != nil {
			return Query{}, ErrQuery
		}
		if value, err = unescape(value); err != nil {
			return Query{}, ErrQuery
		}
		at, field := q.field(name)
		if field == nil {
			continue
		}
		if seen[at] {
			return Query{}, ErrRepeated
		}
		seen[at] = true
		*field = value
	}
	q.HasCommand = seen[command]
	return q, nil
}

// NamesCommand reports whether is returns true for a CallbackCommand of a raw query. It is for
// calls that cannot be verified. It reads as much as it can of a query that does not parse, and of
// several commands any counts. An empty command does not count.
func NamesCommand(raw string, is func(command string) bool) bool {
	values, _ := url.ParseQuery(raw) // its error only concerns parameters that it leaves out
	return slices.ContainsFunc(values["CallbackCommand"], func(command string) bool {
		return command != "" && is(command)
	})
}

// unescape is url.QueryUnescape, which is slow even for text without escapes. A signed query hardly
// ever has escapes.
func unescape(text string) (string, error) {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return text, nil
	}
	return url.QueryUnescape(text)
}

// The parameters that may occur once only.
const (
	sdkAppID = iota
	command
	sign
	requestTime
	parameters
)

func (q *Query) field(name string) (int, *string) {
	switch name {
	case "SdkAppid":
		return sdkAppID, &q.SDKAppID
	case "CallbackCommand":
		return command, &q.Command
	case "Sign":
		return sign, &q.Sign
	case "RequestTime":
		return requestTime, &q.RequestTime
	}
	return 0, nil
}

// IsBlocking reports whether a user's action waits for the reply to command. Chat names such
// commands Before or Prev, and takes an ErrorCode other than 0 as a denial.
func IsBlocking(command string) bool {
	_, name, _ := strings.Cut(command, ".")
	return strings.HasPrefix(name, "CallbackBefore") || strings.HasPrefix(name, "CallbackPrev")
}
