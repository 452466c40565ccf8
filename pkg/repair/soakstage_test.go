package repair_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

// stage is a message of a soak to which one thing happens on purpose. What the traffic meets by
// chance it may not meet in each world. Its reads do not hang, and come from a replica that lags
// only where that is said.
type stage struct {
	w       *soakWorld
	message *soakMessage
	r       *rand.Rand

	// What follows is guarded by the world's lock.
	lags    bool          // its reads come from a replica that lags
	onRead  func()        // happens after Chat's next answer, and before that arrives
	onErase func()        // happens just before it is erased
	tells   time.Duration // how long its sinks take
}

// stageAll adds the messages of the incidents. They begin one after the other, before the first
// outage.
func (w *soakWorld) stageAll() {
	acts := slices.Clone(incidents)
	for kind := range garbledKinds {
		acts = append(acts, func(s *stage) { s.doubtedLast(kind) })
	}
	length := w.end.Sub(w.began)
	for i, act := range acts {
		m := &soakMessage{Message: msgext.Message{SDKAppID: app, GroupID: fmt.Sprint("stage ", i), MsgSeq: 1}}
		m.stage = &stage{w: w, message: m, r: w.draw("stage", i)}
		w.staged, w.byName[m.Message] = append(w.staged, m), m
		w.chat.Add(m.Message)
		begin := time.Duration((0.01 + 0.06*float64(i)/float64(len(acts))) * float64(length))
		w.after(begin, func() { act(m.stage) })
	}
}

// with changes what the world's lock guards.
func (s *stage) with(change func()) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	change()
}

// set changes one key, whose webhook is still to arrive.
func (s *stage) set(key string) msgext.Event {
	return s.change(msgext.Set, msgext.KeyValue{Key: key, Value: fmt.Sprint(s.r.Uint32())})
}

func (s *stage) change(operation msgext.Operation, kv msgext.KeyValue) msgext.Event {
	event, _ := s.w.make(chatsim.Change{Message: s.message.Message, Operation: operation, KeyValues: []msgext.KeyValue{kv}}, s.message)
	return event
}

// arrives lets the webhook of a change arrive.
func (s *stage) arrives(event msgext.Event) {
	s.w.webhook(s.message, bodyOf(event).encode(s.w.t), event.Seq)
}

// garbled lets it arrive in a body that nobody can take in.
func (s *stage) garbled(event msgext.Event, kind int) { s.w.garble(s.message, event, kind, s.r) }

// lost owes a change whose webhook never arrives.
func (s *stage) lost(event msgext.Event) { s.w.oweLost(s.message, event.Seq) }

// forges sends an event of a version above Chat's.
func (s *stage) forges(above int64) (msgext.KeyValue, bool) {
	return s.w.forge(s.message, s.message.version+above, s.r)
}

// replays lets an operator have the message read.
func (s *stage) replays() { _ = s.w.straight.Replay(context.Background(), s.message.Message) }

// replaysLagging does so while the replica that is read lags.
func (s *stage) replaysLagging() {
	s.with(func() { s.lags = true })
	s.replays()
	s.with(func() { s.lags = false })
}

// answer is Chat's answer to a read.
func (s *stage) answer(r *http.Request) *http.Response {
	var lags bool
	var before []byte
	var onRead func()
	s.with(func() { lags, before, onRead = s.lags, s.message.before, s.onRead })
	reply := httptest.NewRecorder()
	if lags {
		reply.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
		_, _ = reply.Write(before)
	} else {
		s.w.chat.Handler().ServeHTTP(reply, r)
	}
	if onRead != nil {
		onRead()
	}
	sleep(r.Context(), 5*time.Millisecond)
	return reply.Result()
}

// linger lets the sinks take their time for a read.
func (w *soakWorld) linger(event cloudevent.Event) {
	if !event.IsRepaired() {
		return
	}
	for _, m := range w.staged {
		if m.Path() == event.PartitionKey() {
			var tells time.Duration
			m.stage.with(func() { tells = m.stage.tells })
			time.Sleep(tells)
		}
	}
}

// beforeErase is what happens just before a message is erased.
func (w *soakWorld) beforeErase(message msgext.Message) {
	w.mu.Lock()
	var onErase func()
	if s := w.byName[message].stage; s != nil {
		onErase = s.onErase
	}
	w.mu.Unlock()
	if onErase != nil {
		onErase()
	}
}

// judgeErased complains of a message that was erased though something was heard of it.
func (w *soakWorld) judgeErased(message msgext.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.byName[message]; !m.heard.IsZero() && time.Since(m.heard) < soakRetention-2*crookedness {
		w.store.complain("erased too soon", "%s: heard at %s, erased at %s", message.Path(), m.heard, time.Now())
	}
}

// soakLog holds what repair says of messages to what is true.
type soakLog struct {
	slog.Handler
	w *soakWorld
}

func (l soakLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle complains of a message of which repair says that somebody has forged it, where nobody has.
// Where LatestSeq falls, and webhooks are lost, that is not to be told from a forgery.
func (l soakLog) Handle(_ context.Context, line slog.Record) error {
	var message msgext.Message
	forged := false
	line.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "group_id":
			message.GroupID = a.Value.String()
		case "msg_seq":
			message.MsgSeq = a.Value.Int64()
		case "error":
			forged = strings.Contains(a.Value.String(), repair.ErrAhead.Error())
		}
		return true
	})
	message.SDKAppID = app
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if m := l.w.byName[message]; forged && m != nil && m.forged.IsZero() && !m.lagged() && (m.stage != nil || !l.w.falls) {
		l.w.store.complain("nobody has forged anything", "%s, last changed at %s", message.Path(), m.changed)
	}
	return nil
}
