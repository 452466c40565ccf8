package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

// request is a webhook that the page sends or shows as a line to copy.
type request struct {
	method      string
	appID       string
	command     string
	requestTime string
	sign        string // none when empty
	suffix      string // appended to the query unchanged
	body        []byte
}

// webhookRequest returns a webhook as Chat sends it, signed at the given time.
func (c *Console) webhookRequest(command string, body []byte, at time.Time) request {
	q := request{method: http.MethodPost, appID: c.options.SDKAppID, command: command, body: body}
	if c.options.Sign != nil {
		q.requestTime = unixSeconds(at)
		q.sign = c.options.Sign(q.requestTime)
	}
	return q
}

// unixSeconds returns a RequestTime.
func unixSeconds(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// query returns the parameters in the order in which Chat appends them
// (trtc.io/document/34354, read 2026-01-04).
func (q request) query() string {
	var b strings.Builder
	b.WriteString("SdkAppid=" + url.QueryEscape(q.appID))
	if q.command != "" {
		b.WriteString("&CallbackCommand=" + url.QueryEscape(q.command))
	}
	b.WriteString("&contenttype=json&ClientIP=127.0.0.1&OptPlatform=RESTAPI")
	if q.sign != "" {
		b.WriteString("&RequestTime=" + url.QueryEscape(q.requestTime) + "&Sign=" + url.QueryEscape(q.sign))
	}
	b.WriteString(q.suffix)
	return b.String()
}

// again returns the request of an entry, signed now. ok is false when the complete body was not
// kept.
func (c *Console) again(e *entry) (q request, ok bool) {
	if e.isProbe() {
		return request{method: http.MethodPost, appID: c.options.SDKAppID}, true
	}
	if e.Command == "" || !e.whole() {
		return request{}, false
	}
	return c.webhookRequest(e.Command, e.body, c.options.Now()), true
}

// curl returns a line that sends the request from a POSIX shell. Where the Sign must not be shown,
// the line makes it from MSGEXT_TOKEN in the reader's shell.
func (c *Console) curl(q request) string {
	target := c.options.BaseURL
	if at, err := url.Parse(target); err == nil && at.Path == "" {
		target += "/"
	}
	prefix, signature := "", ""
	if q.sign != "" && c.options.HideSigned {
		q.sign = ""
		prefix = "t=$(date +%s); "
		signature = `"&RequestTime=$t&Sign=$(printf '%s' "$MSGEXT_TOKEN$t" | openssl dgst -sha256 -r | cut -c1-64)"`
	}
	line := prefix + "curl -sS " + quote(target+"?"+q.query()) + signature
	if len(q.body) == 0 {
		return line + " -X POST"
	}
	return line + " -H 'Content-Type: application/json' --data-raw " + quote(string(q.body))
}

// quote quotes text as one word of a POSIX shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// example returns the request that is shown instead of one whose body was not read.
func (c *Console) example() request {
	return c.webhookRequest(msgext.GroupCommand, changeBody(msgext.Set, 1, vote(1)), c.options.Now())
}
