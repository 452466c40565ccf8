package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"msgext/pkg/chatsim"
	"msgext/pkg/webhook"
)

// noticeable is the least difference of clocks that is reported. A Date header has whole seconds.
const noticeable = 3 * time.Second

// maxShown bounds how much of an answer is printed.
const maxShown = 500

// answer is the answer to a webhook.
type answer struct {
	status  int
	body    []byte
	took    time.Duration
	backend bool // the app's own backend answered, through us
	// How far this machine's clock is ahead of the server's; 0 if the server sent no time.
	ahead time.Duration
}

// reply returns the reply in the answer, and whether it is a reply to a webhook.
func (a answer) reply() (webhook.Reply, bool) {
	var fields struct{ ActionStatus, ErrorInfo *string }
	if json.Unmarshal(a.body, &fields) != nil || fields.ActionStatus == nil || fields.ErrorInfo == nil {
		return webhook.Reply{}, false
	}
	return webhook.Reply{ActionStatus: *fields.ActionStatus, ErrorInfo: *fields.ErrorInfo}, true
}

// is reports whether the body is the same JSON as want.
func (a answer) is(want []byte) bool { return bytes.Equal(compact(a.body), compact(want)) }

// shown returns the body on one line, cut if it is long.
func (a answer) shown() string {
	text := compact(a.body)
	if len(text) > maxShown {
		return fmt.Sprintf("%q and %d bytes more", text[:maxShown], len(text)-maxShown)
	}
	return string(text)
}

// compact removes the white space of JSON. A body that is not JSON is trimmed.
func compact(body []byte) []byte {
	var w bytes.Buffer
	if json.Compact(&w, body) != nil {
		return bytes.TrimSpace(body)
	}
	return w.Bytes()
}

// explain says what the answer means, one sentence a line.
func (a answer) explain() []string {
	lines := []string{a.meaning()}
	if a.took > chatsim.Timeout {
		lines = append(lines, fmt.Sprintf("It took longer than the %v that Chat waits: Chat would have given up. A second try tells whether it was a cold start.", chatsim.Timeout))
	}
	if clock := a.clock(); clock != "" {
		lines = append(lines, clock)
	}
	return lines
}

func (a answer) meaning() string {
	if a.backend {
		return "The app's own backend answered, and msgext passed that on as it came."
	}
	reply, ok := a.reply()
	if !ok {
		return a.foreign()
	}
	switch a.status {
	case http.StatusOK:
		switch {
		case reply.ActionStatus == "OK":
			return "OK: authentic, and where it is a change of extensions the store and every sink have it."
		case reply.ErrorInfo == "not processed, our side failed":
			return "Authentic, and not delivered: the log line of this request names the destination that failed."
		}
		return "Authentic, and refused for its body: ErrorInfo names each field and the rule it breaks."
	case http.StatusUnauthorized:
		return "Refused: a parameter is missing, doubled or malformed. Does something on the way change the query?"
	case http.StatusForbidden:
		if reply.ErrorInfo != "not authenticated" {
			return "Refused: ErrorInfo names the rule."
		}
		return "Refused: the token is another one, the SDKAppID is another app's, the signature is older or newer than the function's MSGEXT_MAX_SKEW, or this machine's address is not in its MSGEXT_ALLOW_FROM. Its log line says which, as reason."
	case http.StatusNotFound:
		return "Refused: the function has another MSGEXT_PATH."
	case http.StatusMethodNotAllowed:
		return "Refused: not a POST."
	case http.StatusRequestEntityTooLarge:
		return "Refused: the body is over MSGEXT_MAX_BODY_BYTES."
	case http.StatusBadGateway:
		return "msgext answered, because the backend in MSGEXT_RELAY did not: Chat does what its console says for a failed webhook. The log line of this request says why, as reason."
	case http.StatusLoopDetected:
		return "msgext answered: MSGEXT_RELAY leads back to it."
	case http.StatusServiceUnavailable:
		if reply.ErrorInfo == "too many requests at once" {
			return "Turned away: the server has as many requests in hand as -max-requests allows."
		}
		return "The function could not say anything of the request: its log line names the reason, most often the configuration. Other commands are answered OK meanwhile, unless MSGEXT_RELAY has them answered."
	case http.StatusBadRequest:
		return "Refused: the gateway's event, or the body in it, cannot be read."
	}
	return "A reply to a webhook under a status that msgext does not use: something on the way changes it."
}

// foreign explains an answer that did not come from the function.
func (a answer) foreign() string {
	switch {
	case a.status >= 300 && a.status < 400:
		return "A redirect: Chat is given the final URL."
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return "The gateway refused it before the function saw it: its authentication must be NONE, and the public allowed to invoke it."
	case a.status == http.StatusNotFound:
		return "The gateway knows no such path or stage: the function was not asked."
	case a.status == http.StatusTooManyRequests:
		return "Throttled: more requests at once than the function's concurrency."
	case a.status >= 500:
		return "The gateway got no answer from the function: it did not start (its log lists what is wrong with the configuration), ran out of time, or is throttled."
	}
	return "Not a reply to a webhook: something else answers at this URL."
}

// clock describes the difference between the two clocks, if there is one.
func (a answer) clock() string {
	off := a.ahead.Round(time.Second)
	if off.Abs() < noticeable {
		return ""
	}
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	text := fmt.Sprintf("This machine's clock is %v %s the server's.", off.Abs(), direction)
	if a.status == http.StatusForbidden && off.Abs() > webhook.DefaultMaxSkew {
		text += " That alone makes the signature stale, unless MSGEXT_MAX_SKEW is greater: set this clock right and try again; Chat's own clock is another matter."
	}
	return text
}
