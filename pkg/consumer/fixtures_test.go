package consumer_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/consumertest"
	"msgext/pkg/chatsim"
	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

var update = flag.Bool("update", false, "write testdata/consumers anew")

// everything is what may go wrong before us.
func everything(seed uint64) chatsim.Faults {
	return chatsim.Faults{Seed: seed, Drop: 0.15, Duplicate: 0.1, Reorder: 0.1, Delay: 0.2, TimeOut: 0.05, NewerSeq: 0.1, Forge: 0.15, Garble: 0.03}
}

// recorded are the fixtures: what the simulator plays, and what is lost behind us, in percent.
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
		shown[key] = view.Reply().ExtensionList
	}
	return consumertest.Sorted(shown)
}

// The fixtures are for consumers in any language; -update has the simulator make them anew.
func TestFixtures(t *testing.T) {
	if *update {
		for _, r := range recorded {
			recorder := new(consumertest.Recorder)
			r.play.Sink = recorder
			want := consumertest.Sorted(r.play.Play(t))
			consumertest.Fixture{Name: r.name, Events: consumertest.Deliver(r.play.Seed, recorder.Events(), r.losing), Want: want}.Write(t)
		}
	}
	naives := map[string]int{}
	fixtures := consumertest.Fixtures(t)
	require.Len(t, fixtures, len(recorded))
	for _, fixture := range fixtures {
		assert.Equal(t, fixture.Want, show(t, fixture.Events), fixture.Name)
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

// With the real receiver and the real repair, T1 holds of every message whatever goes wrong before us and
// behind us; and each naive consumer is wrong on some.
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
