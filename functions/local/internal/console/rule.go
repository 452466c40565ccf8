package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/webhook"
)

// advice names what a person can do next after a refusal or failure. The page has the texts, in
// several languages. The rule is the error's own text.
var advice = []struct {
	err  error
	name string
}{
	{receiver.ErrPath, "path"},
	{receiver.ErrMethod, "method"},
	{receiver.ErrForeignAddress, "foreignAddress"},
	{webhook.ErrQuery, "query"},
	{webhook.ErrRepeated, "repeated"},
	{webhook.ErrUnsigned, "unsigned"},
	{webhook.ErrMalformed, "malformed"},
	{webhook.ErrNoCommand, "noCommand"},
	{webhook.ErrForeignApp, "foreignApp"},
	{webhook.ErrStale, "stale"},
	{webhook.ErrSignature, "signature"},
	{webhook.ErrBodyTooLarge, "bodyTooLarge"},
	{webhook.ErrBodyRead, "bodyRead"},
	{msgext.ErrFormat, "format"},
	{receiver.ErrDelivery, "delivery"},
	{relay.ErrSkipped, "skipped"},
	{relay.ErrRedirect, "redirect"},
	{relay.ErrNoAnswer, "noAnswer"},
	{relay.ErrTooLarge, "answerTooLarge"},
	{relay.ErrLoop, "loop"},
	{receiver.ErrNotReady, "notReady"},
}

// explain returns the rule that an error names, cut to a bound, and the name of the advice.
func explain(err error) (rule, what string) {
	if err == nil {
		return "", ""
	}
	for _, known := range advice {
		if errors.Is(err, known.err) {
			what = known.name
			break
		}
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, prefix := range []string{"webhook: ", "receiver: ", "msgext: ", "relay: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return cut(text, maxKeptRule), what
}

// parameter describes the form of one security parameter of a request. It never holds its value.
type parameter struct {
	Name  string `json:"name"`
	Given string `json:"given"`
	Want  string `json:"want"`
}

var securityParameters = []parameter{
	{Name: "SdkAppid", Want: "this app's SDKAppID"},
	{Name: "CallbackCommand", Want: "not empty"},
	{Name: "RequestTime", Want: "10 digits, at most MSGEXT_MAX_SKEW away"},
	{Name: "Sign", Want: "64 lower-case hex digits"},
}

// describeQuery describes how each security parameter was given. It parses leniently, because the
// receiver has already decided.
func describeQuery(raw string, arrived time.Time) []parameter {
	given := map[string][]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err == nil && len(name) <= len("CallbackCommand") {
			given[name] = append(given[name], value)
		}
	}
	described := slices.Clone(securityParameters)
	for i, p := range described {
		described[i].Given = describeValues(p.Name, given, arrived)
	}
	return described
}

func describeValues(name string, given map[string][]string, arrived time.Time) string {
	values := given[name]
	switch len(values) {
	case 0:
		for other := range given {
			if strings.EqualFold(other, name) {
				return "missing, but given as " + other
			}
		}
		return "missing"
	case 1:
	default:
		return fmt.Sprintf("given %d times", len(values))
	}
	value, err := url.QueryUnescape(values[0])
	if err != nil {
		return "not decodable"
	}
	form := describeForm(value)
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && name == "RequestTime" && form == "10 digits" {
		return form + ", " + describeAge(arrived.Unix()-seconds)
	}
	return form
}

func describeAge(seconds int64) string {
	switch {
	case seconds > 0:
		return fmt.Sprintf("%d s before it arrived", seconds)
	case seconds < 0:
		return fmt.Sprintf("%d s after it arrived", -seconds)
	}
	return "the second it arrived"
}

// describeForm describes the length of a value and its kind of characters.
func describeForm(value string) string {
	if value == "" {
		return "empty"
	}
	kinds := []struct{ alphabet, one, many string }{
		{"0123456789", "digit", "digits"},
		{"0123456789abcdef", "lower-case hex digit", "lower-case hex digits"},
		{"0123456789abcdefABCDEF", "hex digit, not all lower-case", "hex digits, not all lower-case"},
	}
	for _, kind := range kinds {
		if strings.Trim(value, kind.alphabet) == "" {
			if len(value) == 1 {
				return "1 " + kind.one
			}
			return strconv.Itoa(len(value)) + " " + kind.many
		}
	}
	return strconv.Itoa(len(value)) + " bytes"
}
