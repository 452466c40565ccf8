package chatsim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

// Workload says what the users do. Every field may be left zero.
type Workload struct {
	// Seed decides everything: who does what to which message, and when.
	Seed uint64
	// Messages is how many messages there are; 10 when zero. They are polls, sign-up lists and task
	// boards in turn, and every fifth is one-to-one. The names do not depend on the seed.
	Messages int
	// Changes is how many changes are made; 100 when zero. Refused changes are not counted.
	Changes int
	// Run is a part of every message's name, so that two runs on one store have no message in
	// common; none when empty.
	Run string
	// Users is how many people use each message; 30 when zero.
	Users int
	// Zipf, above 1, makes some messages more popular than others: the n-th most popular has a
	// share of the changes proportional to n to the power of -Zipf. When zero, all have the same
	// share.
	Zipf float64
	// Every is the average time between two changes; 100 ms when zero.
	Every time.Duration
	// Announce sends, for each message, the webhook that reports it as sent, at the moment of its
	// first change.
	Announce bool
	// Start is the earliest time of the first change; the Sim's time when zero.
	Start time.Time
}

func (w Workload) withDefaults(now time.Time) Workload {
	if w.Messages == 0 {
		w.Messages = 10
	}
	if w.Changes == 0 {
		w.Changes = 100
	}
	if w.Users == 0 {
		w.Users = 30
	}
	if w.Every == 0 {
		w.Every = 100 * time.Millisecond
	}
	if w.Start.IsZero() {
		w.Start = now
	}
	w.Start = w.Start.Truncate(time.Millisecond)
	return w
}

// messages returns the workload's messages for an app.
func (w Workload) messages(app string) []msgext.Message {
	messages := make([]msgext.Message, w.Messages)
	for i := range messages {
		messages[i] = msgext.Message{SDKAppID: app, GroupID: fmt.Sprintf("@TGS#SIM%s%d", w.Run, i/8), MsgSeq: int64(1 + i%8)}
		if i%5 == 4 {
			messages[i] = msgext.Message{SDKAppID: app, From: fmt.Sprintf("user%s%d", w.Run, i), To: fmt.Sprintf("user%s%d", w.Run, i+1),
				MsgKey: fmt.Sprintf("%d_%d_1764688415", 93847636+i, 1287657+i)}
		}
	}
	return messages
}

// pick returns a function that draws the number of the message that is changed next.
func (w Workload) pick(r *rand.Rand) func() int {
	if w.Zipf == 0 {
		return func() int { return r.IntN(w.Messages) }
	}
	zipf := rand.NewZipf(r, w.Zipf, 1, uint64(w.Messages-1))
	return func() int { return int(zipf.Uint64()) }
}

// act decides the next change of a message from its current state.
type act func(r *rand.Rand, now *record, users int) (user string, operation msgext.Operation, keyValues []msgext.KeyValue)

// scene returns how the users of the message with the given number behave.
func scene(number int) act {
	return []act{vote, signUp, workOff}[number%3]
}

// vote lets a user choose an option of a poll, change the choice or withdraw it. Sometimes the poll
// is cleared. Every user has a key of their own, so there are no conflicts.
func vote(r *rand.Rand, now *record, users int) (string, msgext.Operation, []msgext.KeyValue) {
	user := fmt.Sprintf("user%d", r.IntN(users))
	have, voted := now.present[user]
	switch n := r.IntN(100); {
	case n < 2:
		return user, msgext.Clear, nil
	case n < 12 && voted:
		return user, msgext.Delete, []msgext.KeyValue{{Key: user, Seq: have.Seq}}
	}
	choice := string(rune('A' + r.IntN(4)))
	return user, msgext.Set, []msgext.KeyValue{{Key: user, Value: choice, Seq: have.Seq}}
}

// signUp lets a user sign up with up to two guests and a note, or sign off with all of them.
func signUp(r *rand.Rand, now *record, users int) (string, msgext.Operation, []msgext.KeyValue) {
	user := fmt.Sprintf("user%d", r.IntN(users))
	keys := []string{user, user + "/guest 1", user + "/guest 2"}
	if _, in := now.present[user]; in && r.IntN(4) == 0 {
		var leaving []msgext.KeyValue
		for _, key := range keys {
			if have, ok := now.present[key]; ok {
				leaving = append(leaving, msgext.KeyValue{Key: key, Seq: have.Seq})
			}
		}
		return user, msgext.Delete, leaving
	}
	var coming []msgext.KeyValue
	for _, key := range keys[:1+r.IntN(3)] {
		coming = append(coming, msgext.KeyValue{Key: key, Value: note(r), Seq: now.present[key].Seq})
	}
	return user, msgext.Set, coming
}

// workOff lets any user move several tasks of a board on at once. Two users may choose the same
// task, and then one of them gets a conflict. A board has more tasks than one page of a REST read.
func workOff(r *rand.Rand, now *record, users int) (string, msgext.Operation, []msgext.KeyValue) {
	const tasks = 240
	states := []string{"todo", "doing", "done ✓"}
	user := fmt.Sprintf("user%d", r.IntN(users))
	first, count := r.IntN(tasks), 1+r.IntN(msgext.MaxKeyValues)
	if r.IntN(100) == 0 {
		return user, msgext.Clear, nil
	}
	deleting := r.IntN(10) == 0
	stale := r.IntN(20) == 0 // this user has not seen the newest yet
	var keyValues []msgext.KeyValue
	for i := range count {
		key := fmt.Sprintf("task %d", (first+i)%tasks)
		have, ok := now.present[key]
		if deleting && !ok {
			continue
		}
		if stale && ok {
			have.Seq--
		}
		kv := msgext.KeyValue{Key: key, Seq: have.Seq}
		if !deleting {
			kv.Value = states[r.IntN(len(states))]
		}
		keyValues = append(keyValues, kv)
	}
	switch {
	case len(keyValues) == 0:
		return user, msgext.Set, []msgext.KeyValue{{Key: fmt.Sprintf("task %d", first), Value: states[0]}}
	case deleting:
		return user, msgext.Delete, keyValues
	}
	return user, msgext.Set, keyValues
}

// note returns a user's remark. It is mostly short, sometimes as long as Chat allows, and has
// characters that cause problems in JSON and databases.
func note(r *rand.Rand) string {
	remarks := []string{"", "vegetarian", "komme später", "带上孩子", "\"maybe\" \\o/", "<b>&amp;</b>", "line\nbreak\ttab", "🎉🎉", "0", "null"}
	remark := remarks[r.IntN(len(remarks))]
	if r.IntN(50) == 0 {
		return strings.Repeat("ß", msgext.MaxValueBytes/len("ß"))
	}
	return remark
}
