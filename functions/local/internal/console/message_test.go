package console_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

type messageView struct {
	Stored              bool
	Latest, Floor, Read string
	Seen, Keys, Choices int
	Holes               []struct{ From, To string }
	KeyValues           []struct{ Key, Value, Seq string }
	Poll                []struct {
		Value string
		Count int
		Keys  []string
	}
	Timeline struct {
		Slots []struct {
			From, To, Standing string
			Arrivals           []struct{ Verdict string }
			Filled             *struct{ ID uint64 }
		}
		Earlier bool
	}
}

// standings writes a timeline as "1 arrived, 2-9 missing".
func (v messageView) standings() string {
	var parts []string
	for _, slot := range v.Timeline.Slots {
		versions := slot.From
		if slot.To != slot.From {
			versions += "-" + slot.To
		}
		parts = append(parts, versions+" "+slot.Standing)
	}
	return strings.Join(parts, ", ")
}

func viewOf(t *testing.T, p *process) messageView {
	t.Helper()
	return get[messageView](t, p, "message?path="+message.Path())
}

func TestMessage_Timeline(t *testing.T) {
	tests := []struct {
		name    string
		play    func(*testing.T, *process)
		without bool // a store
		want    string
	}{
		{name: "in order", want: "1 arrived, 2 arrived, 3 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 2, 3)
		}},
		{name: "late", want: "1 arrived, 2 late, 3 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 3, 2)
		}},
		{name: "doubled is not late", want: "1 arrived, 2 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 2, 1)
		}},
		{name: "lost", want: "1 arrived, 2 missing, 3 missing, 4 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 4)
		}},
		{name: "lost, without a store", without: true, want: "1 arrived, 2 missing, 3 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 3)
		}},
		{name: "many lost are one", want: "1 arrived, 2-55 missing, 56 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 56)
		}},
		{name: "the greatest version", want: fmt.Sprintf("1 arrived, 2-%d missing, %d arrived", int64(math.MaxInt64-1), int64(math.MaxInt64)), play: func(t *testing.T, p *process) {
			p.sets(t, 1, math.MaxInt64)
		}},
		{name: "read back", want: "1 arrived, 2 repaired, 3 arrived, 4 arrived, 5 missing, 6 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 3)
			p.repair(t, msgext.Snapshot{Latest: 3})
			p.sets(t, 4, 6)
		}},
		{name: "read back, arrived after all", want: "1 arrived, 2 late, 3 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 3)
			p.repair(t, msgext.Snapshot{Latest: 3})
			p.sets(t, 2)
		}},
		{name: "a read that knows more", want: "1 arrived, 2 repaired, 3 repaired", play: func(t *testing.T, p *process) {
			p.sets(t, 1)
			p.repair(t, msgext.Snapshot{Latest: 3})
		}},
		{name: "two reads", want: "1 arrived, 2-7 repaired, 8 arrived, 9-14 repaired, 15 arrived", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 8)
			p.repair(t, msgext.Snapshot{Latest: 8})
			p.sets(t, 15)
			p.repair(t, msgext.Snapshot{Latest: 15})
		}},
		{name: "dropped again", want: "1 arrived, 50 dropped", play: func(t *testing.T, p *process) {
			p.sets(t, 1, 50)
			p.repair(t, msgext.Snapshot{Latest: 1})
			dropped, err := p.Store.Drop(t.Context(), message, state.Drop{Above: 1, Now: p.clock.now(), Due: p.clock.now()})
			require.NoError(t, err)
			require.True(t, dropped)
			p.repair(t, msgext.Snapshot{Latest: 1}) // Drop leaves the message to be read once more
		}},
		{name: "the greatest version, read back", want: fmt.Sprintf("1 arrived, 2-%d repaired, %d arrived", int64(math.MaxInt64-1), int64(math.MaxInt64)), play: func(t *testing.T, p *process) {
			p.sets(t, 1, math.MaxInt64)
			p.repair(t, msgext.Snapshot{Latest: math.MaxInt64})
		}},
		{name: "nothing heard", want: "", play: func(*testing.T, *process) {}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := start(t, func(o *console.Options) {
				if test.without {
					o.Load = nil
				}
			})
			test.play(t, p)
			view := viewOf(t, p)
			assert.Equal(t, test.want, view.standings())
			assert.Equal(t, !test.without && test.want != "", view.Stored)
		})
	}
}

func (p *process) sets(t *testing.T, versions ...int64) {
	t.Helper()
	for _, version := range versions {
		p.set(t, version, "k", "v")
	}
}

func TestMessage_TimelineShowsTheNewest(t *testing.T) {
	p := start(t, nil)
	for version := int64(1); version <= 60; version++ {
		p.set(t, version, "k", "v")
	}
	view := viewOf(t, p)
	require.Len(t, view.Timeline.Slots, 48)
	assert.True(t, view.Timeline.Earlier)
	assert.Equal(t, "60", view.Timeline.Slots[47].From)
}

// A version that left the ring is not called missing, nor read back.
func TestMessage_VersionsNoLongerKept(t *testing.T) {
	p := start(t, nil)
	p.sets(t, 1, 2, 3)
	for range 1000 {
		p.Repaired(msgext.Message{SDKAppID: appID, GroupID: "other", MsgSeq: 1}, msgext.Snapshot{Latest: 1}, p.clock.now())
	}
	p.sets(t, 4)
	p.repair(t, msgext.Snapshot{Latest: 5})
	assert.Equal(t, "1 settled, 2 settled, 3 settled, 4 arrived, 5 repaired", viewOf(t, p).standings())
}

func TestMessage_State(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.set(t, 2, "bo", "Kyoto")
	p.set(t, 4, "chen", "Lisbon")
	p.set(t, 7, "dana", "")
	view := viewOf(t, p)
	assert.Equal(t, "7", view.Latest)
	assert.Equal(t, "2", view.Floor)
	assert.Equal(t, "0", view.Read)
	assert.Equal(t, 2, view.Seen)
	assert.Equal(t, []struct{ From, To string }{{"3", "3"}, {"5", "6"}}, view.Holes)
	assert.Len(t, view.KeyValues, 4)
	require.Equal(t, 3, view.Choices)
	assert.Equal(t, "Lisbon", view.Poll[0].Value)
	assert.Equal(t, 2, view.Poll[0].Count)
	assert.Equal(t, []string{"amira", "chen"}, view.Poll[0].Keys)
	assert.Equal(t, "", view.Poll[1].Value, "equal counts stand by value")
}

func TestMessages_NewestFirst(t *testing.T) {
	p := start(t, nil)
	p.act(t, "samples/c2c")
	p.sets(t, 1, 3)
	type row struct {
		Path, Label, Latest string
		Deliveries, Keys    int
		Stored, Gap         bool
	}
	assert.Equal(t, []row{
		{Path: message.Path(), Label: "test / 10", Latest: "3", Deliveries: 2, Keys: 1, Stored: true, Gap: true},
		{Path: appID + "/jared/amira/93847636_1287657_1764688415", Label: "jared → amira / 93847636_1287657_1764688415", Latest: "1", Deliveries: 1, Keys: 1, Stored: true},
	}, get[[]row](t, p, "messages"))
}

func TestMessage_OfAnotherAppOrNone(t *testing.T) {
	for path, want := range map[string]int{"1/test/10": 400, "x": 400, "": 400, appID + "/unheard/1": 200} {
		p := start(t, nil)
		response, err := http.Get(p.URL + "/console/message?path=" + url.QueryEscape(path))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, path)
	}
}

func TestMessage_StateThatCannotBeReadIsAProblemWithoutItsText(t *testing.T) {
	p := start(t, func(o *console.Options) {
		o.Load = func(context.Context, msgext.Message) (state.Record, error) {
			return state.Record{}, errors.New("dial postgres://user:password@host")
		}
	})
	response, err := http.Get(p.URL + "/console/message?path=" + message.Path())
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusBadGateway, response.StatusCode)
	assert.Equal(t, "state could not be read", decode[struct{ Problem string }](t, response).Problem)
}
