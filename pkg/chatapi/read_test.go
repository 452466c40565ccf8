package chatapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

type kvs = []msgext.KeyValue

func kv(key, value string, seq int64) msgext.KeyValue {
	return msgext.KeyValue{Key: key, Value: value, Seq: seq}
}

// Request and reply of trtc.io/document/52169 and 51194.
func TestRead_IsTheVendorsSample(t *testing.T) {
	const sample = `{"ErrorCode":0,"ErrorInfo":"","ActionStatus":"OK","CompleteFlag":1,"LatestSeq":2,"ClearSeq":0,"ExtensionList":[{"Key":"key1","Value":"1","Seq":1},{"Key":"key2","Value":"2","Seq":1},{"Key":"key3","Value":"3","Seq":2}]}`
	want := msgext.Snapshot{Latest: 2, KeyValues: kvs{kv("key1", "1", 1), kv("key2", "2", 1), kv("key3", "3", 2)}}
	var requests []string
	client := newClient(t, reply(sample, &requests))
	for _, message := range []msgext.Message{group, c2c, {SDKAppID: "1400000000", GroupID: "g"}} {
		snapshot, err := client.Read(t.Context(), message)
		require.NoError(t, err)
		assert.Equal(t, want, snapshot.Snapshot)
	}
	assert.Equal(t, []string{
		`group_get_key_values {"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158}`,
		`get_key_values {"From_Account":"62768","To_Account":"116400","MsgKey":"44739199_12_1665388280"}`,
		`group_get_key_values {"GroupId":"g","MsgSeq":0}`,
	}, requests)

	_, err := client.Read(t.Context(), msgext.Message{SDKAppID: "1400000001", GroupID: "g", MsgSeq: 1})
	assert.ErrorIs(t, err, chatapi.ErrForeignApp)
	assert.Len(t, requests, 3)
}

// pages answers with the pages in order, and starts over after the last.
func pages(t *testing.T, list ...string) (*chatapi.Client, *[]string) {
	requests, next := new([]string), 0
	return newClient(t, transport(func(r *http.Request) (*http.Response, error) {
		page := list[next%len(list)]
		next++
		return reply(page, requests)(r)
	})), requests
}

func page(complete int, latest, clear int64, keyValues ...msgext.KeyValue) string {
	list := make([]string, len(keyValues))
	for i, kv := range keyValues {
		list[i] = fmt.Sprintf(`{"Key":%q,"Value":%q,"Seq":%d}`, kv.Key, kv.Value, kv.Seq)
	}
	return fmt.Sprintf(`{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","CompleteFlag":%d,"LatestSeq":%d,"ClearSeq":%d,"ExtensionList":[%s]}`,
		complete, latest, clear, strings.Join(list, ","))
}

func TestRead_Pages(t *testing.T) {
	a1, b1, c2, d2, e2, f3 := kv("a", "", 1), kv("b", "", 1), kv("c", "", 2), kv("d", "", 2), kv("e", "", 2), kv("f", "", 3)
	tests := []struct {
		name  string
		pages []string
		want  msgext.Snapshot
		calls int
	}{
		{"none", []string{page(1, 0, 0)}, msgext.Snapshot{}, 1},
		{"all deleted", []string{page(1, 5, 0)}, msgext.Snapshot{Latest: 5}, 1},
		{"all cleared", []string{page(1, 5, 5)}, msgext.Snapshot{Latest: 5, Clear: 5}, 1},
		{"no list at all", []string{`{"ActionStatus":"OK","ErrorCode":0,"CompleteFlag":1,"LatestSeq":5}`}, msgext.Snapshot{Latest: 5}, 1},
		{"one page in any order", []string{page(1, 3, 0, f3, b1, a1)}, msgext.Snapshot{Latest: 3, KeyValues: kvs{a1, b1, f3}}, 1},
		{"a value that is no UTF-8", []string{page(1, 1, 0, kv("a", "", 1))[:len(page(1, 1, 0, kv("a", "", 1)))-2] + `,{"Key":"b","Value":"` + "\xff" + `","Seq":1}]}`},
			msgext.Snapshot{Latest: 1, KeyValues: kvs{a1, kv("b", "\ufffd", 1)}}, 1},
		{"a page that ends between two versions", []string{page(0, 3, 0, a1, b1), page(1, 3, 0, a1, b1, c2, d2, e2, f3)},
			msgext.Snapshot{Latest: 3, KeyValues: kvs{a1, b1, c2, d2, e2, f3}}, 2},
		{"a page that ends among the keys of one version", []string{page(0, 3, 0, a1, b1, c2, d2), page(1, 3, 0, c2, d2, e2, f3)},
			msgext.Snapshot{Latest: 3, KeyValues: kvs{a1, b1, c2, d2, e2, f3}}, 2},
		{"a version above LatestSeq on a page of its own", []string{page(1, 2, 0, a1, f3)},
			msgext.Snapshot{Latest: 2, KeyValues: kvs{a1}, Newer: kvs{f3}}, 1},
		{"LatestSeq below ClearSeq", []string{page(1, 0, 5)}, msgext.Snapshot{Latest: 5, Clear: 5}, 1},
		{"listed, but cleared", []string{page(1, 3, 2, a1, c2, f3)}, msgext.Snapshot{Latest: 3, Clear: 2, KeyValues: kvs{f3}}, 1},
		{"moved once", []string{page(0, 2, 0, a1, b1), page(1, 3, 0, c2, f3), page(0, 3, 0, a1, b1), page(1, 3, 0, c2, f3)},
			msgext.Snapshot{Latest: 3, KeyValues: kvs{a1, b1, c2, f3}}, 4},
		{"moved three times", []string{
			page(0, 2, 0, a1, b1), page(1, 3, 0, b1, f3),
			page(0, 3, 0, a1, b1), page(1, 4, 0, b1, f3),
			page(0, 4, 0, a1, b1), page(0, 5, 0, b1, c2, f3), page(1, 6, 0, f3, kv("a", "moved", 5), kv("g", "new", 6)),
		}, msgext.Snapshot{Latest: 4, KeyValues: kvs{a1, b1, c2, f3}, Newer: kvs{kv("a", "moved", 5), kv("g", "new", 6)}, Ahead: 6}, 7},
		{"moved three times, cleared meanwhile", []string{page(0, 2, 0, a1, b1), page(1, 4, 3, kv("g", "new", 4))},
			msgext.Snapshot{Latest: 2, Clear: 3, Newer: kvs{kv("g", "new", 4)}, Ahead: 4}, 6},
		{"an older replica", []string{page(0, 3, 0, a1, b1), page(1, 2, 0, b1, c2)},
			msgext.Snapshot{Latest: 2, KeyValues: kvs{a1, b1, c2}, Ahead: 3}, 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, requests := pages(t, test.pages...)
			snapshot, err := client.Read(t.Context(), group)
			require.NoError(t, err)
			assert.Equal(t, test.want, snapshot.Snapshot)
			assert.Len(t, *requests, test.calls)
		})
	}
	t.Run("goes on from the last version seen", func(t *testing.T) {
		client, requests := pages(t, page(0, 3, 0, a1, c2), page(1, 3, 0, c2, f3))
		_, err := client.Read(t.Context(), group)
		require.NoError(t, err)
		assert.Equal(t, `group_get_key_values {"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158,"StartSeq":2}`, (*requests)[1])
	})
}

// A value must be the same from a webhook and from a read. Otherwise a read would show a change
// that no user made.
func TestRead_HasTextThatIsNotUnicodeAsAWebhookHasIt(t *testing.T) {
	pieces := []string{"a", "é", "日", "\ufffd", "\xff", "\xc3", "\xe6\x97", "\xed\xa0\xbd", "\xf0\x9f", "\x80", `\ud83d`, `\ude00`, `\uD83D`, `\u00e9`, `\n`, `\\`, `\"`, `\/`, `\ufffd`, "ud83d"}
	rapid.Check(t, func(rt *rapid.T) {
		value := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(rt, "value"), "")
		list := `"ExtensionList":[{"Key":"a","Value":"` + value + `","Seq":1}]`
		event, err := msgext.Decode(group.SDKAppID, msgext.GroupCommand,
			[]byte(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,`+list+`}`))
		require.NoError(rt, err)
		client := newClient(t, reply(`{"ActionStatus":"OK","ErrorCode":0,"CompleteFlag":1,"LatestSeq":1,`+list+`}`, new([]string)))
		snapshot, err := client.Read(t.Context(), group)
		require.NoError(rt, err)
		require.Equal(rt, snapshot.KeyValues, event.KeyValues)
	})
}

func TestRead_PagesThatMakeNoSense(t *testing.T) {
	a1, b1, c2 := kv("a", "", 1), kv("b", "", 1), kv("c", "", 2)
	endless := make([]string, 40)
	for i := range endless {
		endless[i] = page(0, int64(i+2), 0, kv(fmt.Sprint(i), "", int64(i+1)), kv(fmt.Sprint(i+1), "", int64(i+2)))
	}
	tests := []struct {
		name    string
		pages   []string
		wantErr error
	}{
		{"nothing new", []string{page(0, 2, 0, a1, b1)}, chatapi.ErrNoProgress},
		{"empty, but not the last", []string{page(0, 2, 0)}, chatapi.ErrNoProgress},
		{"no end", endless, chatapi.ErrNoProgress},
		{"not sorted", []string{page(0, 2, 0, c2, a1)}, chatapi.ErrReply},
		{"negative LatestSeq", []string{page(1, -1, 0)}, chatapi.ErrReply},
		{"negative ClearSeq", []string{page(1, 1, -1)}, chatapi.ErrReply},
		{"negative Seq", []string{page(1, 1, 0, kv("a", "", -1))}, chatapi.ErrReply},
		{"a key without a name", []string{page(1, 1, 0, kv("", "", 1))}, chatapi.ErrReply},
		{"a Seq as text", []string{`{"ActionStatus":"OK","ErrorCode":0,"CompleteFlag":1,"LatestSeq":"5"}`}, chatapi.ErrReply},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, requests := pages(t, test.pages...)
			_, err := client.Read(t.Context(), group)
			assert.ErrorIs(t, err, test.wantErr)
			assert.LessOrEqual(t, len(*requests), 32)
		})
	}
}

func TestRead_Gone(t *testing.T) {
	sim := chatsim.New(simOptions())
	sim.Add(group)
	client := newClient(t, serve(sim.Handler()))
	_, err := client.Read(t.Context(), group)
	require.NoError(t, err)
	for _, message := range []msgext.Message{c2c, {SDKAppID: "1400000000", GroupID: group.GroupID, MsgSeq: 1}, {SDKAppID: "1400000000", GroupID: "g", MsgSeq: 1}} {
		_, err := client.Read(t.Context(), message)
		assert.ErrorIs(t, err, chatapi.ErrGone)
	}
	sim.Remove(group)
	_, err = client.Read(t.Context(), group)
	assert.ErrorIs(t, err, chatapi.ErrGone)
}

// After a day of simulated changes, reading every message over real HTTP gives the truth.
func TestRead_IsTheTruth(t *testing.T) {
	sim := chatsim.New(simOptions())
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	plan := sim.Plan(chatsim.Workload{Seed: 1, Messages: 30, Changes: 3000}, chatsim.Faults{Drop: 1})
	_, err := sim.Play(t.Context(), plan, chatsim.Player{})
	require.NoError(t, err)
	options := options(nil)
	options.Endpoint, options.HTTPClient, options.CallsPerSecond = server.URL, server.Client(), 10000
	client, err := chatapi.New(options)
	require.NoError(t, err)
	longest := 0
	for _, message := range sim.Messages() {
		snapshot, err := client.Read(t.Context(), message)
		require.NoError(t, err)
		assert.Equal(t, sim.Truth(message), snapshot.Reply())
		assert.Empty(t, snapshot.Newer)
		assert.Zero(t, snapshot.Ahead)
		longest = max(longest, len(snapshot.KeyValues))
	}
	assert.Greater(t, longest, 200, "some took more than one page")
}

// While the message changes between any two pages, a read and the webhooks of everything above it
// still give the truth.
func TestRead_OfAMovingMessageAndTheWebhooksAboveItGiveTheTruth(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var events []msgext.Event
		options := simOptions()
		options.PageSize = rapid.IntRange(4, 8).Draw(rt, "page size")
		options.OnChange = func(d chatsim.Delivery) {
			event, err := msgext.Decode("1400000000", d.Command, d.Body)
			require.NoError(rt, err)
			events = append(events, event)
		}
		var sim *chatsim.Sim
		change := func() {
			operation := msgext.Set
			switch rapid.IntRange(0, 19).Draw(rt, "what") {
			case 0:
				_, err := sim.Change(chatsim.Change{Message: group, Operation: msgext.Clear})
				require.NoError(rt, err)
				return
			case 1, 2, 3, 4:
				operation = msgext.Delete
			}
			keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-o]`), 1, 3, rapid.ID).Draw(rt, "keys")
			var keyValues kvs
			for _, key := range keys {
				keyValues = append(keyValues, kv(key, fmt.Sprint(len(events)), 0))
			}
			_, err := sim.Change(chatsim.Change{Message: group, Operation: operation, KeyValues: keyValues})
			require.NoError(rt, err)
		}
		options.Trouble = func(int, string) int {
			for range rapid.IntRange(0, 2).Draw(rt, "changes between pages") {
				change()
			}
			return 0
		}
		sim = chatsim.New(options)
		sim.Add(group)
		for range rapid.IntRange(0, 30).Draw(rt, "changes before") {
			change()
		}
		client := newClient(t, serve(sim.Handler()))
		snapshot, err := client.Read(t.Context(), group)
		require.NoError(rt, err)

		var state msgext.State
		snapshot.Number = 1
		require.True(rt, state.Merge(snapshot.Snapshot))
		for _, event := range events {
			if event.Version() > snapshot.Latest {
				state.Apply(event)
			}
		}
		truth := sim.Truth(group)
		assert.Equal(rt, truth.ExtensionList, state.Visible())
		assert.Equal(rt, truth.LatestSeq, state.Latest)
		assert.GreaterOrEqual(rt, snapshot.Ahead, int64(0))
		if len(snapshot.Newer) > 0 {
			assert.NotZero(rt, snapshot.Ahead, "whoever has only the read knows that something is missing")
		}
	})
}

// Everything that Chat had done before Began is in the read. So Began is our clock's time before
// the first page or, if Chat's clock was behind ours, Chat's time.
func TestRead_BeganIsNotAfterTheFirstPage(t *testing.T) {
	now := time.Date(2026, 1, 4, 12, 0, 0, 250e6, time.UTC)
	for name, test := range map[string]struct {
		date string
		want time.Time
	}{
		"no Date":            {"", now},
		"Chat's is later":    {now.Add(5 * time.Minute).Format(http.TimeFormat), now},
		"Chat's is earlier":  {now.Add(-5 * time.Minute).Format(http.TimeFormat), now.Add(-5 * time.Minute).Truncate(time.Second)},
		"Chat's is absurd":   {time.Unix(0, 0).UTC().Format(http.TimeFormat), now},
		"Chat's is no date":  {"yesterday", now},
		"of the same second": {now.Format(http.TimeFormat), now.Truncate(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			options := options(nil)
			options.Now = func() time.Time { return now }
			code := 0
			options.HTTPClient = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				var requests []string
				response, err := reply(fmt.Sprintf(`{"ActionStatus":"OK","ErrorCode":%d,"CompleteFlag":1}`, code), &requests)(r)
				response.Header = http.Header{"Date": {test.date}}
				return response, err
			})}
			client, err := chatapi.New(options)
			require.NoError(t, err)
			reading, err := client.Read(t.Context(), group)
			require.NoError(t, err)
			assert.True(t, test.want.Equal(reading.Began), "%s", reading.Began)

			code = 10030
			reading, err = client.Read(t.Context(), group)
			require.ErrorIs(t, err, chatapi.ErrGone)
			assert.True(t, test.want.Equal(reading.Began), "of a message that is gone, too")
		})
	}
}
