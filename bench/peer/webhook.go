// Package peer is the function that msgext is measured beside: what one writes over the libraries
// that everybody uses. It checks signature and body by the same rules and gives the same replies,
// delivers an event by one plain call of the vendor's client, and writes one log line with
// encoding/json behind it.
package peer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// What the requests of a benchmark are signed with and for.
const (
	AppID = "1400000000"
	Token = "xxxxyyyy"

	// Window is wider than any run takes: a request that turns stale would be refused for free.
	Window = time.Hour
)

// Answer is the reply's body.
type Answer struct {
	ActionStatus, ErrorInfo string
	ErrorCode               int
}

func answer(err error) Answer {
	if err != nil {
		return Answer{"FAIL", err.Error(), 1}
	}
	return Answer{"OK", "", 0}
}

// KeyValue is one of an event's.
type KeyValue struct {
	Key, Value string
	Seq        int64
}

// Event is the body of a webhook.
type Event struct {
	CallbackCommand string
	GroupId         string
	MsgSeq          int64
	OperateType     int
	ExtensionList   []KeyValue
	Seq             int64
	EventTime       int64
}

// receive authenticates a webhook, decodes it and checks it. A status of 0 is that of an event to
// deliver.
func receive(query url.Values, body []byte) (Event, int, Answer) {
	if err := authenticate(query, time.Now()); err != nil {
		return Event{}, http.StatusUnauthorized, answer(err)
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, http.StatusOK, answer(errors.New("body"))
	}
	if err := e.check(query.Get("CallbackCommand")); err != nil {
		return Event{}, http.StatusOK, answer(err)
	}
	return e, 0, answer(nil)
}

func authenticate(query url.Values, now time.Time) error {
	for _, name := range []string{"SdkAppid", "CallbackCommand", "Sign", "RequestTime"} {
		if len(query[name]) != 1 {
			return errors.New("parameter")
		}
	}
	seconds, err := strconv.ParseInt(query.Get("RequestTime"), 10, 64)
	if err != nil || query.Get("SdkAppid") != AppID {
		return errors.New("parameter")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > Window {
		return errors.New("stale")
	}
	sum := sha256.Sum256([]byte(Token + query.Get("RequestTime")))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(query.Get("Sign"))) != 1 {
		return errors.New("signature")
	}
	return nil
}

func (e Event) check(command string) error {
	if e.CallbackCommand != command || e.GroupId == "" || e.MsgSeq < 0 || e.Seq < 0 || e.EventTime < 0 {
		return errors.New("field")
	}
	if e.OperateType < 1 || e.OperateType > 3 || (e.OperateType == 3) != (len(e.ExtensionList) == 0) {
		return errors.New("OperateType")
	}
	seen := make(map[string]bool, len(e.ExtensionList))
	for _, kv := range e.ExtensionList {
		if kv.Key == "" || kv.Seq < 0 || seen[kv.Key] {
			return errors.New("ExtensionList")
		}
		seen[kv.Key] = true
	}
	return nil
}
