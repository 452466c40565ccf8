package repair_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/sink"
	"msgext/pkg/webhook"
)

// soakURL is the app's URL with what Chat adds to it. The app has no token, so that receivers whose
// clocks are off take webhooks, too.
const soakURL = "http://127.0.0.1/?SdkAppid=" + app + "&CallbackCommand=" + msgext.GroupCommand + "&contenttype=json"

// receiver is what the webhook function has.
func (w *soakWorld) receiver(now func() time.Time) http.Handler {
	return receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: app, AllowUnsigned: true}, Sinks: []sink.Sink{w}, Store: w.store, Logger: discard, Now: now,
	})
}

type soakRequestKey struct{}

// soakRequest is what became of a webhook in the store: it was taken in, or doubted, or the store
// failed.
type soakRequest struct{ taken, failed bool }

// soakBody is a webhook's body, whose fields may be of any type.
type soakBody struct {
	CallbackCommand any
	GroupId         any
	MsgSeq          any
	OperateType     any
	ExtensionList   any
	Seq             any
	EventTime       any
	Extra           any `json:",omitempty"`
}

func bodyOf(event msgext.Event) soakBody {
	return soakBody{
		CallbackCommand: event.Command(), GroupId: event.Message.GroupID, MsgSeq: event.Message.MsgSeq,
		OperateType: event.Operation, ExtensionList: event.KeyValues, Seq: event.Seq, EventTime: time.Now().UnixMilli(),
	}
}

// lenient are spellings that are taken as what they say.
var lenient = []func(b *soakBody){
	func(b *soakBody) { b.Seq = json.Number(b.Seq.(json.Number).String() + ".0") },
	func(b *soakBody) { b.Seq = b.Seq.(json.Number).String() },
	func(b *soakBody) { b.EventTime = "yesterday" },
	func(b *soakBody) { b.Extra = json.RawMessage(`{"new":[1,{"deep":null}]}`) },
}

// garbled are bodies that cannot be taken in. Each still names its message, but for one cut off too
// soon.
var garbled = []func(b *soakBody){
	func(b *soakBody) { b.OperateType = 4 },
	func(b *soakBody) { b.OperateType = "set" },
	func(b *soakBody) { b.ExtensionList = map[string]string{"user": "option"} },
	func(b *soakBody) { b.ExtensionList = []any{map[string]any{"Key": 7, "Value": "1", "Seq": b.Seq}} },
	func(b *soakBody) { b.ExtensionList = []any{nil} },
	func(b *soakBody) { b.Seq = nil },
	func(b *soakBody) { b.Seq = map[string]any{"low": b.Seq, "high": 0} },
	func(b *soakBody) { b.Extra = json.RawMessage(`{"a":1,"a":2}`) },
}

func (b soakBody) encode(t require.TestingT) []byte {
	encoded, err := json.Marshal(b)
	require.NoError(t, err)
	return encoded
}

// spelt is the body of an event, once in a while in another spelling.
func (w *soakWorld) spelt(event msgext.Event, r *rand.Rand) []byte {
	b := bodyOf(event)
	if r.IntN(10) == 0 {
		b.Seq = json.Number(strconv.FormatInt(event.Seq, 10))
		lenient[r.IntN(len(lenient))](&b)
	}
	return b.encode(w.t)
}

// webhook is what the webhook function does. version is that of the truth, or 0 for a forgery.
func (w *soakWorld) webhook(m *soakMessage, body []byte, version int64) (taken bool) {
	became := w.post(soakURL, body, version)
	switch {
	case became.taken:
		w.note(m, true)
		w.arrived(m, version)
	case became.failed:
		w.deferred(m)
	}
	return became.taken
}

// post sends a body, and returns what became of it.
func (w *soakWorld) post(url string, body []byte, version int64) *soakRequest {
	handler := w.punctual
	if within(w.skewed, time.Now()) && version%3 == 0 {
		handler = w.early // one that is behind is set right by the RequestTime, which is Chat's
	}
	became := new(soakRequest)
	ctx := context.WithValue(context.Background(), soakRequestKey{}, became)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body)))
	return became
}

// arrived notes that a version has.
func (w *soakWorld) arrived(m *soakMessage, version int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if version > 0 && m.version <= version {
		m.lost = false
	}
}

// note counts something of a message that has reached the store, and whether it was heard of its
// extensions.
func (w *soakWorld) note(m *soakMessage, heard bool) {
	if heard {
		defer w.heardAgain(m)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard++
	m.applied, m.last = true, time.Now()
	if heard {
		m.heard = m.last
	}
	m.today(w.day())
	m.events++
}

// deferred is what becomes of a message whose webhook the store alone failed: every other line is
// replayed by an operator once the outage is over.
func (w *soakWorld) deferred(m *soakMessage) {
	replay := m.stage == nil && w.draw("deferred", m.Path()).IntN(2) == 0
	w.mu.Lock()
	m.unheard = true
	w.mu.Unlock()
	if replay {
		w.after(20*time.Minute, func() { w.replay(m) })
	}
}

// replay is what an operator does, more than once where it fails.
func (w *soakWorld) replay(m *soakMessage) {
	for range 10 {
		err := w.straight.Replay(context.Background(), m.Message)
		if err == nil || errors.Is(err, chatapi.ErrGone) {
			w.mu.Lock()
			m.unheard, m.replayed = false, time.Now()
			w.mu.Unlock()
			return
		}
		time.Sleep(2 * time.Minute)
	}
}
