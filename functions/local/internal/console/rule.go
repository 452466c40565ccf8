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

// advice says of an outcome what a person might look at next. The rule itself is the error's text.
var advice = []struct {
	err  error
	text string
}{
	{receiver.ErrPath, "This process takes webhooks under one path only, the one in MSGEXT_PATH. Compare it with the URL set in the Chat console."},
	{receiver.ErrMethod, "Chat always sends POST. A browser that opens the URL sends GET."},
	{webhook.ErrQuery, "A percent sign is not followed by two hex digits, or a semicolon separates parameters. The signature cannot be trusted to cover what different parsers read differently."},
	{webhook.ErrRepeated, "SdkAppid, CallbackCommand, Sign and RequestTime may each occur once. If the URL set in the Chat console already carries one of them, remove it there."},
	{webhook.ErrUnsigned, "Chat signs only once a token is set in its console: switch authentication on there and use the same token here. Names count in exactly this case: Sign, RequestTime."},
	{webhook.ErrMalformed, "Sign must be 64 lower-case hex digits, RequestTime exactly ten digits. Look below at what was given; a proxy that decodes twice or rewrites the query does this."},
	{webhook.ErrNoCommand, "Every webhook names its CallbackCommand in the URL. Only an empty body may come without, as the console's try-out does."},
	{webhook.ErrForeignApp, "SdkAppid is not the one configured here. Compare it with the SDKAppID of the app in the Chat console."},
	{webhook.ErrStale, "RequestTime is further than MSGEXT_MAX_SKEW from this machine's clock. Check the clock, or a proxy that held the request back; a recorded request cannot be replayed."},
	{webhook.ErrSignature, "Sign is the lower-case hex SHA-256 of the token followed by RequestTime, with nothing between them. The form is right, so the token here is not the one in the Chat console, or a space or line break came along when it was copied."},
	{webhook.ErrBodyTooLarge, "The body is over MSGEXT_MAX_BODY_BYTES. Chat's own are at most some 25 KB."},
	{webhook.ErrBodyRead, "The connection ended before the body did."},
	{msgext.ErrFormat, "The signature is right, but the body is not what the vendor documents. Each fault is named by its place in the body."},
	{receiver.ErrDelivery, "Something that is configured to take every event did not. The version counts as a hole until repair has read the truth back."},
	{relay.ErrSkipped, "After five failures in a row the backend in MSGEXT_RELAY is tried once a second. Look at the rows before."},
	{relay.ErrRedirect, "The backend in MSGEXT_RELAY redirects, and Chat would not follow. Set the final URL."},
	{relay.ErrNoAnswer, "The backend in MSGEXT_RELAY gave no complete answer in time. MSGEXT_RELAY_ON_FAILURE says what Chat is told."},
	{relay.ErrLoop, "The backend in MSGEXT_RELAY is this process, or another that relays to it."},
	{receiver.ErrNotReady, "The process could not open what it is configured with."},
}

// explain returns the rule that an error stands for, bounded, and what to do about it.
func explain(err error) (rule, what string) {
	if err == nil {
		return "", ""
	}
	for _, known := range advice {
		if errors.Is(err, known.err) {
			what = known.text
			break
		}
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	for _, prefix := range []string{"webhook: ", "receiver: ", "msgext: ", "relay: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return cut(text, maxKeptRule), what
}

// parameter tells the form of one security parameter of a request, never what it holds.
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

// describeQuery tells how each security parameter was given. It reads leniently, since it
// only describes; the receiver has decided.
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

// describeForm tells how long a value is and what it is made of.
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
