package console_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

type messageView struct {
	Store               string
	Latest, Floor, Read string
	Seen, Keys          int
	Gaps                []struct{ From, To string }
	KeyValues           []struct{ Key, Value, Seq string }
	Poll                poll
	Timeline            struct {
		Slots []struct {
			From, To, Standing string
			Arrivals           []struct{ Fate string }
			Filled             *struct{ ID uint64 }
		}
		Earlier bool
	}
}

type poll struct {
	Plugin, Closed bool
	Voters, Total  int
	Choices        []choice
}

type choice struct {
	Value string
	Count int
	Who   []string
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
		without bool // no store
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
			p.repair(t, msgext.Snapshot{Latest: 1}) // Drop makes repair read the message once more
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
			want := "stored"
			if test.without {
				want = "none"
			} else if test.want == "" {
				want = "unknown"
			}
			assert.Equal(t, want, view.Store)
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

// A version whose entry is no longer kept is shown neither as missing nor as read back.
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
	assert.Equal(t, []struct{ From, To string }{{"3", "3"}, {"5", "6"}}, view.Gaps)
	assert.Len(t, view.KeyValues, 4)
	assert.Equal(t, poll{Voters: 4, Total: 3, Choices: []choice{
		// Equal counts are sorted by value.
		{"Lisbon", 2, []string{"amira", "chen"}}, {"", 1, []string{"dana"}}, {"Kyoto", 1, []string{"bo"}},
	}}, view.Poll)
}

// The vendor's vote plugin keeps a vote as USERID_0 = indexes. It is counted as the read API counts
// it.
func TestMessage_PollOfTheVotePlugin(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira_0", "1")
	p.set(t, 2, "bo_b_0", "0_1")
	p.set(t, 3, "chen_0", "2_1_1")
	p.set(t, 4, "closed", "1")
	want := poll{Plugin: true, Closed: true, Voters: 3, Total: 3, Choices: []choice{
		{"1", 3, []string{"amira", "bo_b", "chen"}}, {"0", 1, []string{"bo_b"}}, {"2", 1, []string{"chen"}},
	}}
	assert.Equal(t, want, viewOf(t, p).Poll)

	p.set(t, 5, "note", "bring cake")
	other := viewOf(t, p).Poll
	assert.False(t, other.Plugin, "another key stands there, so it is somebody else's")
	assert.Equal(t, 5, other.Voters)
}

type listing struct {
	Rows            []row
	Next            string
	More, Down, All bool
}

type row struct {
	Path, Label, Latest, Store string
	Deliveries, Keys           int
	Missing                    bool
	Leading                    *leading
}

type leading struct {
	Plugin, Tied  bool
	Value         string
	Count, Voters int
}

func TestMessages_NewestFirst(t *testing.T) {
	p := start(t, nil)
	p.act(t, "samples/c2c")
	p.sets(t, 1, 3)
	assert.Equal(t, listing{Rows: []row{
		{Path: message.Path(), Label: "test / 10", Latest: "3", Deliveries: 2, Keys: 1, Store: "stored", Missing: true, Leading: &leading{Value: "v", Count: 1, Voters: 1}},
		{Path: appID + "/jared/amira/93847636_1287657_1764688415", Label: "jared → amira / 93847636_1287657_1764688415", Latest: "1", Deliveries: 1, Keys: 1, Store: "stored", Leading: &leading{Value: "v1", Count: 1, Voters: 1}},
	}}, get[listing](t, p, "messages"))
}

// stored returns a message that a store lists.
func stored(n int) msgext.Message {
	return msgext.Message{SDKAppID: appID, GroupID: fmt.Sprintf("group %03d", n), MsgSeq: 1}
}

// The store's messages are listed page by page. Messages with recent deliveries come first and only
// once. Those of another app are not listed.
func TestMessages_AllOfTheStore(t *testing.T) {
	asked := 0
	p := start(t, func(o *console.Options) {
		o.List = func(_ context.Context, after string, limit int) (console.Page, error) {
			asked++
			from := 0
			if after != "" {
				var err error
				from, err = strconv.Atoi(after)
				require.NoError(t, err)
			}
			page := console.Page{Next: strconv.Itoa(from + limit), More: from+limit < 450}
			for n := from; n < min(from+limit, 450); n++ {
				page.Messages = append(page.Messages, stored(n))
			}
			page.Messages = append(page.Messages, message, msgext.Message{SDKAppID: "1", GroupID: "other", MsgSeq: 1})
			return page, nil
		}
	})
	p.sets(t, 1)
	met := map[string]int{}
	after, pages := "", 0
	for more := true; more; pages++ {
		got := get[listing](t, p, "messages?after="+after)
		if pages == 0 {
			assert.Equal(t, message.Path(), got.Rows[0].Path)
		}
		for _, row := range got.Rows {
			met[row.Path]++
		}
		assert.True(t, got.All)
		after, more = got.Next, got.More
	}
	assert.Equal(t, 5, pages)
	for n := range 450 {
		assert.Equal(t, 1, met[stored(n).Path()])
	}
	assert.NotContains(t, met, "1/other/1")

	asked = 0
	got := get[listing](t, p, "messages?filter="+url.QueryEscape("GROUP 444"))
	assert.Len(t, got.Rows, 1, "a filter goes through the store's pages")
	assert.Equal(t, 5, asked)
}

// A store that is down is shown as down, and asked only once.
func TestMessages_StoreDown(t *testing.T) {
	loads := 0
	p := start(t, func(o *console.Options) {
		load := o.Load
		o.Load = func(ctx context.Context, m msgext.Message) (state.Record, error) {
			if loads++; loads > 2 {
				return load(ctx, m)
			}
			return state.Record{}, errors.New("connection refused")
		}
	})
	p.sets(t, 1)
	p.act(t, "samples/c2c")
	loads = 1
	got := get[listing](t, p, "messages")
	assert.True(t, got.Down)
	require.Len(t, got.Rows, 2)
	assert.Equal(t, "down", got.Rows[0].Store)
	assert.Equal(t, "down", got.Rows[1].Store)
	assert.Equal(t, 2, loads)
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
	assert.Equal(t, "the store does not answer", decode[struct{ Problem string }](t, response).Problem)
}
