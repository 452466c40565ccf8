// Package peer is the function with which msgext is compared. It is what somebody writes with the
// libraries that everybody uses. It checks signature and body by the same rules and gives the same
// replies. It delivers an event by one plain call of the vendor's client, and writes one log line
// with encoding/json.
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

// The app and the token with which the requests of a benchmark are signed.
const (
	AppID = "1400000000"
	Token = "xxxxyyyy"

	// Window is longer than any run, because a stale request would be refused without the work.
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

// KeyValue is a key-value of an event.
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

// receive authenticates a webhook, decodes it and checks it. A status of 0 means that the event
// must be delivered.
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
