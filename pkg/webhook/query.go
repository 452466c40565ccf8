package webhook

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// Errors of ParseQuery and Verify that tell how a query is made wrong.
var (
	ErrQuery    = errors.New("webhook: query does not parse")
	ErrRepeated = errors.New("webhook: security parameter given more than once")
)

// Query is what Chat says of a call in its URL. A parameter that is absent is empty.
type Query struct {
	SDKAppID    string // SdkAppid
	Command     string // CallbackCommand
	Sign        string
	RequestTime string

	// HasCommand tells a call without CallbackCommand, as the console makes one to try the URL
	// out, from one whose CallbackCommand is empty.
	HasCommand bool
}

// ParseQuery reads the four parameters that matter from a raw query. Names are taken after one
// percent-decoding and in exactly this case; other parameters, the app's own
// included, are passed over, but must parse. Nothing is said yet of who sent it: see Verify.
// Its errors are ErrQuery and ErrRepeated.
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

// NamesCommand reports whether a raw query has a CallbackCommand that is. It is for a call that
// cannot be verified: it reads what can be read of a query that does not parse, and any of several
// commands counts. An empty command is none.
func NamesCommand(raw string, is func(command string) bool) bool {
	values, _ := url.ParseQuery(raw) // its error is about the parameters that it leaves out
	return slices.ContainsFunc(values["CallbackCommand"], func(command string) bool {
		return command != "" && is(command)
	})
}

// unescape is url.QueryUnescape, which reads byte by byte even what has no escapes, as a signed
// query hardly ever has.
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

// IsBlocking reports whether a user's action waits for the reply to command: Chat calls
// such commands Before or Prev, and takes an ErrorCode other than 0 as a denial.
func IsBlocking(command string) bool {
	_, name, _ := strings.Cut(command, ".")
	return strings.HasPrefix(name, "CallbackBefore") || strings.HasPrefix(name, "CallbackPrev")
}
