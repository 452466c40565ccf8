package consumer_test

import (
	"encoding/json"
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

var update = flag.Bool("update", false, "write testdata/consumers anew")

// everything has all faults that may occur before msgext.
func everything(seed uint64) chatsim.Faults {
	return chatsim.Faults{Seed: seed, Drop: 0.15, Duplicate: 0.1, Reorder: 0.1, Delay: 0.2, TimeOut: 0.05, NewerSeq: 0.1, Forge: 0.15, Garble: 0.03}
}

// recorded are the fixtures: what the simulator plays, and the percentage of events that is lost
// after msgext.
var recorded = []struct {
	name   string
	play   consumertest.Simulation
	losing int
}{
	{"everything-1", consumertest.Simulation{Seed: 1, Changes: 60, ReadAll: true, Faults: everything(1)}, 25},
	{"everything-2", consumertest.Simulation{Seed: 2, Changes: 60, ReadAll: true, Faults: everything(2)}, 25},
	{"everything-gone", consumertest.Simulation{Seed: 3, Changes: 60, ReadAll: true, Faults: everything(3), Gone: true}, 25},
	{"gaps", consumertest.Simulation{Seed: 4, Changes: 80, Faults: chatsim.Faults{Seed: 4, Drop: 0.2, KeepLast: true, Duplicate: 0.1, Reorder: 0.1, Delay: 0.2}}, 0},
	{"no-reads", consumertest.Simulation{Seed: 5, Changes: 60, NoReads: true, Faults: chatsim.Faults{Seed: 5, Duplicate: 0.1, Reorder: 0.2, Delay: 0.2}}, 0},
}

func show(t *testing.T, lines [][]byte) map[string][]msgext.KeyValue {
	t.Helper()
	views := map[string]*consumer.View{}
	for _, line := range lines {
		event, err := cloudevent.Decode(line)
		require.NoError(t, err)
		if views[event.PartitionKey()] == nil {
			views[event.PartitionKey()] = new(consumer.View)
		}
		require.NoError(t, views[event.PartitionKey()].Take(event))
	}
	shown := map[string][]msgext.KeyValue{}
	for key, view := range views {
		reply := view.Reply()
		if shown[key] = reply.ExtensionList; reply.CompleteFlag == 0 {
			shown[key] = nil
		}
	}
	return consumertest.Sorted(shown)
}

// mistakesFixture has, for each mistake of a consumer, a message with the shortest histories that
// show the mistake.
func mistakesFixture(t *testing.T) consumertest.Fixture {
	t.Helper()
	fixture := consumertest.Fixture{Name: "mistakes", Want: map[string][]msgext.KeyValue{}}
	add := func(history delivered) {
		m := msgext.Message{SDKAppID: "1400000000", GroupID: "mistakes", MsgSeq: int64(len(fixture.Want) + 1)}
		for _, e := range history.events {
			fixture.Events = append(fixture.Events, e.encoded(t, m))
		}
		fixture.Want[m.Path()] = history.truth
	}
	for _, mistake := range consumersMistakes {
		var shortest [2]delivered
		keep := func(i int, history delivered) {
			if (shortest[i].events == nil || len(history.events) < len(shortest[i].events)) && !history.holds(mistake.one()) {
				shortest[i] = history
			}
		}
		for seed := range *histories {
			keep(0, historyT1(seed, careful))
			if history, met := historyT2(seed, careful); met {
				keep(1, history)
			}
		}
		for _, history := range shortest {
			if history.events != nil {
				add(history)
			}
		}
	}
	return fixture
}

// unreadFixture has reads whose list did not fit into the event. What such a message has is not
// known until its list is read, and an empty list would be wrong.
func unreadFixture(t *testing.T) consumertest.Fixture {
	t.Helper()
	kv := func(key, value string, seq int64) msgext.KeyValue {
		return msgext.KeyValue{Key: key, Value: value, Seq: seq}
	}
	change := func(operation msgext.Operation, seq int64, key, value string) event {
		e := event{change: &msgext.Event{Operation: operation, Seq: seq}, received: start + seq, eventTime: start + seq}
		if operation != msgext.Clear {
			e.change.KeyValues = []msgext.KeyValue{kv(key, value, seq)}
		}
		return e
	}
	read := func(number, latest int64, list ...msgext.KeyValue) event {
		return event{truth: &cloudevent.Truth{
			ReadReply: msgext.NewReadReply(latest, 0, list), Place: cloudevent.Place{ReadNumber: start + number, DecidedBefore: start},
		}, told: start + number}
	}
	unread := func(number, latest int64) event {
		e := read(number, latest)
		e.truth.CompleteFlag = 0
		return e
	}
	a, b := kv("a", "1", 1), kv("b", "2", 2)
	fixture := consumertest.Fixture{Name: "unread", Want: map[string][]msgext.KeyValue{}}
	for i, history := range []struct {
		events []event
		want   []msgext.KeyValue // nil where it is not known
	}{
		{events: []event{change(msgext.Set, 1, "a", "1"), unread(100, 2)}},
		{events: []event{unread(100, 2), change(msgext.Set, 3, "c", "3")}},
		{events: []event{read(100, 1, a), unread(200, 2)}},
		{events: []event{unread(200, 2), read(100, 1, a)}},
		{events: []event{unread(100, 2), read(100, 2, a, b)}, want: []msgext.KeyValue{a, b}},                 // the list was read
		{events: []event{unread(100, 2), read(100, 2, a, b), unread(100, 2)}, want: []msgext.KeyValue{a, b}}, // and the event came again
		{events: []event{unread(100, 1), read(200, 2, a, b)}, want: []msgext.KeyValue{a, b}},
		{events: []event{read(200, 2, a, b), unread(100, 1)}, want: []msgext.KeyValue{a, b}},
		{events: []event{unread(100, 2), change(msgext.Clear, 3, "", ""), change(msgext.Set, 4, "c", "4")}, want: []msgext.KeyValue{kv("c", "4", 4)}},
	} {
		m := msgext.Message{SDKAppID: "1400000000", GroupID: "unread", MsgSeq: int64(i + 1)}
		for _, e := range history.events {
			fixture.Events = append(fixture.Events, e.encoded(t, m))
		}
		fixture.Want[m.Path()] = history.want
	}
	return fixture
}

// encoded returns the event as msgext sends it for a message.
func (e event) encoded(t *testing.T, m msgext.Message) []byte {
	t.Helper()
	if e.truth != nil {
		truth := *e.truth
		truth.Address = m.Address()
		event, err := cloudevent.NewRepaired(m, truth, time.UnixMilli(e.told))
		if e.gone {
			event, err = cloudevent.NewGone(m, truth.Place, time.UnixMilli(e.told))
		}
		require.NoError(t, err)
		return event.JSON()
	}
	list := []map[string]any{}
	for _, kv := range e.change.KeyValues {
		item := map[string]any{"Key": kv.Key, "Seq": kv.Seq}
		if e.change.Operation == msgext.Set {
			item["Value"] = kv.Value
		}
		list = append(list, item)
	}
	body, err := json.Marshal(map[string]any{
		"CallbackCommand": msgext.GroupCommand, "GroupId": m.GroupID, "MsgSeq": m.MsgSeq, "OperateType": e.change.Operation,
		"ExtensionList": list, "Seq": e.change.Seq, "EventTime": e.eventTime,
	})
	require.NoError(t, err)
	change, err := msgext.Decode(m.SDKAppID, msgext.GroupCommand, body)
	require.NoError(t, err)
	event, err := cloudevent.New(change, time.UnixMilli(e.received))
	require.NoError(t, err)
	return event.JSON()
}

// generated returns the fixtures as the simulator plays them today, but for the mistakes, which
// take half a minute.
func generated(t *testing.T) (fixtures []consumertest.Fixture) {
	t.Helper()
	for _, r := range recorded {
		recorder := new(consumertest.Recorder)
		r.play.Sink = recorder
		want := consumertest.Sorted(r.play.Play(t))
		fixtures = append(fixtures, consumertest.Fixture{Name: r.name, Events: consumertest.Deliver(r.play.Seed, recorder.Events(), r.losing), Want: want})
	}
	return append(fixtures, unreadFixture(t))
}

// -update writes the same files each time. One of them once was another on a busy machine, because
// the receiver had a budget by the real clock.
func TestFixtures_AreGeneratedAlike(t *testing.T) {
	if *update {
		for _, fixture := range append(generated(t), mistakesFixture(t)) {
			fixture.Write(t)
		}
	}
	for _, fixture := range generated(t) {
		fixture.RequireWritten(t)
	}
}

// The fixtures are for consumers in any language.
func TestFixtures(t *testing.T) {
	naives := map[string]int{}
	fixtures := consumertest.Fixtures(t)
	require.Len(t, fixtures, len(recorded)+2)
	for _, fixture := range fixtures {
		assert.Equal(t, consumertest.Sorted(fixture.Want), show(t, fixture.Events), fixture.Name)
		for _, naive := range consumertest.Naives() {
			for _, line := range fixture.Events {
				require.NoError(t, naive.Take(line))
			}
			if !assert.ObjectsAreEqual(fixture.Want, naive.Shows()) {
				naives[naive.Name]++
			}
		}
	}
	for _, naive := range consumertest.Naives() {
		t.Logf("%s: wrong on %d of %d", naive.Name, naives[naive.Name], len(fixtures))
		assert.NotZero(t, naives[naive.Name], "%s must be wrong on one of them", naive.Name)
	}
}

// With the real receiver and the real repair, T1 must hold for every message, whatever goes wrong
// before and after msgext. Each naive consumer must be wrong for some message.
func TestView_ShowsWhatChatHasAfterASimulation(t *testing.T) {
	wrong, messages := map[string]int{}, 0
	for seed := range uint64(8) {
		recorder := new(consumertest.Recorder)
		play := consumertest.Simulation{Seed: 100 + seed, Changes: 60, ReadAll: true, Faults: everything(seed), Gone: seed%2 == 0, Sink: recorder}
		truth := play.Play(t)
		messages += len(truth)
		want := consumertest.Sorted(truth)
		delivered := consumertest.Deliver(seed, recorder.Events(), 25)
		require.Equal(t, want, show(t, delivered), "seed %d", play.Seed)
		for _, naive := range consumertest.Naives() {
			for _, line := range delivered {
				require.NoError(t, naive.Take(line))
			}
			shown := naive.Shows()
			for _, key := range recorder.Keys() {
				if !assert.ObjectsAreEqual(want[key], shown[key]) {
					wrong[naive.Name]++
				}
			}
		}
	}
	for _, naive := range consumertest.Naives() {
		t.Logf("%s: wrong on %d of %d messages", naive.Name, wrong[naive.Name], messages)
		assert.NotZero(t, wrong[naive.Name], naive.Name)
	}
}
