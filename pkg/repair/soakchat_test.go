package repair_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

// RoundTrip carries a REST call to the simulated Chat and back, in 10 to 150 ms.
func (w *soakWorld) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	message := w.byName[addressed(w.t, r)]
	w.mu.Unlock()
	chance := w.draw("read", message.Path())
	took := 10*time.Millisecond + time.Duration(chance.Int64N(int64(140*time.Millisecond)))
	sleep(r.Context(), took/2)
	if within(w.crowds[:1], time.Now()) && message.hot && w.codeOf(message) == 0 {
		w.change(message, false) // a webhook in each of its checks
	}
	if within(w.restDown, time.Now()) {
		return nil, io.ErrUnexpectedEOF
	}
	if message.stage != nil {
		return message.stage.answer(r), nil
	}
	reply := httptest.NewRecorder()
	if chance.IntN(100) == 0 { // it hangs
		<-r.Context().Done()
	} else if stale := w.stale(message, chance); stale != nil {
		reply.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		_, _ = reply.Write(stale)
	} else {
		w.chat.Handler().ServeHTTP(reply, r)
	}
	sleep(r.Context(), took/2)
	if err := r.Context().Err(); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		message.hung = append(message.hung, time.Now())
		return nil, err
	}
	return reply.Result(), nil
}

// addressed is the message that a REST call is about.
func addressed(t require.TestingT, r *http.Request) msgext.Message {
	data, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body = io.NopCloser(bytes.NewReader(data))
	var address msgext.Address
	require.NoError(t, json.Unmarshal(data, &address))
	message, err := address.Message(app)
	require.NoError(t, err)
	return message
}

// stale returns what a replica of Chat's that lags a few seconds behind has of a message, once in a
// while.
func (w *soakWorld) stale(m *soakMessage, r *rand.Rand) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.code != 0 || m.before == nil || time.Since(m.changed) > replicaLag || r.IntN(2) > 0 {
		return nil
	}
	w.stales++
	return m.before
}

// refuse counts the calls about a message, which are bounded for each day, and says what they are
// refused with.
func (w *soakWorld) refuse(message msgext.Message) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.byName[message]
	m.today(w.day())
	m.calls++
	if limit := 60 + 8*m.events; m.calls == limit+1 {
		w.store.complain("too many REST calls", "%s: more than %d in a day with %d webhooks", message.Path(), limit, m.events)
	}
	return m.code
}

func (w *soakWorld) day() int { return int(time.Since(w.began) / day) }

func (m *soakMessage) today(day int) {
	if m.callsOf != day {
		m.callsOf, m.calls, m.events = day, 0, m.events/8 // what yesterday's last webhooks are still good for
	}
}

// setCode lets every read of a message be refused from now on.
func (w *soakWorld) setCode(m *soakMessage, code int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.code = code
}

func (w *soakWorld) codeOf(m *soakMessage) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return m.code
}

// disband lets a group go.
func (w *soakWorld) disband(m *soakMessage) {
	for _, other := range w.messages {
		if other.GroupID == m.GroupID {
			w.setCode(other, 10010)
		}
	}
}

// soakClient returns a client of the Chat that a world answers for.
func soakClient(t *testing.T, world http.RoundTripper, c *chance, now func() time.Time) *chatapi.Client {
	client, err := chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", Now: now,
		HTTPClient: &http.Client{Transport: world}, Rand: func() uint32 { return c.draw("jitter").Uint32() },
	})
	require.NoError(t, err)
	return client
}
