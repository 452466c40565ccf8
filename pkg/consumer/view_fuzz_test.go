package consumer_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

// FuzzView compares a View, which forgets events, with a model that keeps every event and computes
// the result from all of them. They must agree after each event, in any order, with repeated
// events, and after storing as JSON and loading. Anything else is refused and changes nothing.
func FuzzView(f *testing.F) {
	f.Add([]byte("\x00\x01\x05\x09\x00\x04\x00\x05\x10\x05\x01\x01\x06\x09\x00"), uint8(1), []byte(`{}`))
	f.Add([]byte("\x02\x00\x03\x01\x00\x00\x01\x02\x02\x00\x04\x01\x03\x03\x22\x05\x01\x04\x02\x09"), uint8(7), []byte(
		`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.repaired","partitionkey":"1400000000/poll/10","data":{"LatestSeq":"5"}}`))
	f.Add([]byte("\x03\x00\x05\x09\x00\x00\x01\x05\x08\x00\x00\x01\x05\x0a\x01"), uint8(2), []byte(
		`{"specversion":"1.0","id":"1","source":"/","type":"com.tencent.chat.group.msgextension.set","partitionkey":"1400000000/poll/10","data":{}}`))
	f.Fuzz(func(t *testing.T, script []byte, order uint8, foreign []byte) {
		events := eventsOf(t, script)
		var forwards, backwards consumer.View
		for i := range events {
			// From a point in the middle, each one twice.
			e := events[(i+int(order))%len(events)]
			require.NoError(t, forwards.Take(e))
			require.NoError(t, forwards.Take(e))
			stored, err := json.Marshal(forwards)
			require.NoError(t, err)
			forwards = consumer.View{}
			require.NoError(t, json.Unmarshal(stored, &forwards))
		}
		for i := range events {
			require.NoError(t, backwards.Take(events[len(events)-1-i]))
			require.Equal(t, remembering(t, events[len(events)-1-i:]), backwards.Reply())
		}
		require.Equal(t, backwards.Reply(), forwards.Reply())

		if event, err := cloudevent.Decode(foreign); err == nil {
			before, err := json.Marshal(forwards)
			require.NoError(t, err)
			if forwards.Take(event) != nil {
				after, err := json.Marshal(forwards)
				require.NoError(t, err)
				require.Equal(t, string(before), string(after))
			}
		}
	})
}

// eventsOf reads five bytes per event, and encodes each event as JSON, as a sink does.
func eventsOf(t *testing.T, script []byte) (events []cloudevent.Event) {
	t.Helper()
	numbers := make(map[int64]bool) // two reads never have the same number
	send := func(e cloudevent.Event, err error) {
		require.NoError(t, err)
		received, err := cloudevent.Decode(e.JSON())
		require.NoError(t, err)
		events = append(events, received)
	}
	for ; len(script) >= 5 && len(events) < 12; script = script[5:] {
		kind, key, seq := script[0]%6, "k"+strconv.Itoa(int(script[1]%3)), int64(script[2]%12)
		at, value := start+int64(script[3]%16), string('a'+rune(script[4]%3))
		kv := msgext.KeyValue{Key: key, Value: value, Seq: seq}
		if kind > 2 {
			if numbers[at] {
				continue
			}
			numbers[at] = true
			truth := cloudevent.Truth{ReadReply: msgext.NewReadReply(seq, int64(script[4]%4), nil), Place: cloudevent.Place{ReadNumber: at, DecidedBefore: at - int64(script[1]%8)}}
			if kv.Seq = int64(script[4] % 12); kv.Seq <= seq {
				truth.ExtensionList = []msgext.KeyValue{kv}
			}
			if kind == 5 {
				send(cloudevent.NewGone(message, truth.Place, time.UnixMilli(at)))
				continue
			}
			whole, err := cloudevent.NewRepaired(message, truth, time.UnixMilli(at))
			if marker, _ := whole.Marker(); kind == 4 {
				send(marker, nil)
			}
			if kind == 3 || script[4]&0x80 != 0 {
				send(whole, err)
			}
			continue
		}
		change := msgext.Event{Message: message, Operation: msgext.Operation(1 + kind), KeyValues: []msgext.KeyValue{kv}, Seq: seq}
		if change.Operation == msgext.Clear {
			change.KeyValues = nil
		}
		change.Body = bodyOf(t, change)
		send(cloudevent.New(change, time.UnixMilli(at)))
	}
	return events
}

func bodyOf(t *testing.T, change msgext.Event) []byte {
	t.Helper()
	body, err := json.Marshal(struct {
		CallbackCommand string
		msgext.Address
		OperateType   msgext.Operation
		ExtensionList []msgext.KeyValue
		Seq           int64
	}{change.Command(), change.Message.Address(), change.Operation, change.KeyValues, change.Seq})
	require.NoError(t, err)
	return body
}

// said is one change of a key, "" for a clear.
type said struct {
	key, value    string
	seq, received int64
	deleted       bool
}

// remembering computes what to show from all events so far.
func remembering(t *testing.T, events []cloudevent.Event) msgext.ReadReply {
	t.Helper()
	var newest cloudevent.Truth
	var line, decided int64
	var all []said
	for _, e := range events {
		if _, truth, err := e.Truth(); err == nil {
			line, decided = max(line, truth.LatestSeq), max(decided, truth.DecidedBefore)
			if truth.ReadNumber > newest.ReadNumber || truth.ReadNumber == newest.ReadNumber && truth.CompleteFlag == 1 {
				newest = truth
			}
			continue
		}
		change, err := e.Change()
		require.NoError(t, err)
		if change.Operation == msgext.Clear {
			all = append(all, said{seq: change.Seq, received: e.ReceivedMillis()})
		}
		for key, entry := range change.Entries {
			all = append(all, said{key, entry.Value, entry.Seq, e.ReceivedMillis(), entry.Deleted})
		}
	}
	all = slices.DeleteFunc(all, func(s said) bool { return s.seq <= line || s.received < decided })
	slices.SortFunc(all, func(a, b said) int { // the deciding one comes last
		deleted := map[bool]int{true: 1}
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(deleted[a.deleted], deleted[b.deleted]), cmp.Compare(a.value, b.value))
	})
	shown := make(map[string]msgext.KeyValue)
	cleared, latest := int64(0), newest.LatestSeq
	for _, s := range all {
		latest = max(latest, s.seq)
		if s.key == "" {
			cleared = s.seq
		}
	}
	for _, kv := range newest.ExtensionList {
		if cleared == 0 {
			shown[kv.Key] = kv
		}
	}
	for _, s := range all {
		if s.key == "" || s.seq <= cleared {
			continue
		}
		if delete(shown, s.key); !s.deleted {
			shown[s.key] = msgext.KeyValue{Key: s.key, Value: s.value, Seq: s.seq}
		}
	}
	list := []msgext.KeyValue{}
	for _, kv := range shown {
		list = append(list, kv)
	}
	slices.SortFunc(list, func(a, b msgext.KeyValue) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Key, b.Key)) })
	want := msgext.NewReadReply(latest, cmp.Or(cleared, newest.ClearSeq), list)
	if newest.ReadNumber > 0 && newest.CompleteFlag == 0 && cleared == 0 {
		want.CompleteFlag = 0
	}
	return want
}
