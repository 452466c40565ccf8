package reader_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
	"msgext/pkg/state/memstate"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name       string
		keyValues  string // key=value, separated by spaces
		tally      reader.Tally
		wantCounts string // without LatestSeq and Gap
	}{
		{"values, most first", "a=Lisbon b=Porto c=Lisbon", reader.Values, `"values":[{"value":"Lisbon","count":2},{"value":"Porto","count":1}],"keys":3`},
		{"values, equally many by their bytes", "a=b b=a c=", reader.Values, `"values":[{"value":"","count":1},{"value":"a","count":1},{"value":"b","count":1}],"keys":3`},
		{"values, none", "", reader.Values, `"values":[],"keys":0`},

		{"poll", "alice_0=0 bob_0=0_2 carol_0=2", reader.Poll, `"options":[{"option":0,"votes":2},{"option":2,"votes":2}],"voters":3,"closed":false`},
		{"poll, options by number", "a_0=10 b_0=9", reader.Poll, `"options":[{"option":9,"votes":1},{"option":10,"votes":1}],"voters":2,"closed":false`},
		{"poll, closed", "alice_0=1 closed=1", reader.Poll, `"options":[{"option":1,"votes":1}],"voters":1,"closed":true`},
		{"poll, closed with another value", "closed=0", reader.Poll, `"options":[],"voters":0,"closed":false`},
		{"poll, a user id with underscores", "a_b_0=1 a_0=1 _0_0=1", reader.Poll, `"options":[{"option":1,"votes":3}],"voters":3,"closed":false`},
		{"poll, a user called closed", "closed_0=1", reader.Poll, `"options":[{"option":1,"votes":1}],"voters":1,"closed":false`},
		{"poll, an option named twice", "a_0=1_1", reader.Poll, `"options":[{"option":1,"votes":1}],"voters":1,"closed":false`},
		{"poll, no option", "a_0=0 b_0=", reader.Poll, `"options":[{"option":0,"votes":1}],"voters":2,"closed":false`},
		{"poll, no index", "a_0=x_-1_+1_01_1.0_99999999999999999999_3", reader.Poll, `"options":[{"option":3,"votes":1}],"voters":1,"closed":false`},
		{"poll, other keys", "note=1 _0=1 a_1=1 a=1 a0=1", reader.Poll, `"options":[],"voters":0,"closed":false`},
		{"poll, nothing", "", reader.Poll, `"options":[],"voters":0,"closed":false`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			store := memstate.New()
			event := msgext.Event{Message: group, Operation: msgext.Set, Seq: 1}
			for _, pair := range strings.Fields(test.keyValues) {
				key, value, _ := strings.Cut(pair, "=")
				event.KeyValues = append(event.KeyValues, msgext.KeyValue{Key: key, Value: value, Seq: 1})
			}
			if len(event.KeyValues) == 0 {
				event.Operation = msgext.Clear
			}
			require.NoError(t, store.Apply(t.Context(), event, time.UnixMilli(1), state.MarkNow))
			got := ask(t, reader.New(reader.Options{Store: store, SDKAppID: app}), http.MethodGet,
				"/api/extensions?GroupId=%40TGS%231&MsgSeq=7&tally="+string(test.tally))
			require.Equal(t, http.StatusOK, got.Code)
			assert.Equal(t, `{`+test.wantCounts+`,"LatestSeq":1,"Gap":false}`, got.Body.String())
		})
	}
}

// A vote that was taken back, cleared, or overtaken counts for nothing.
func TestTally_CountsWhatIsVisible(t *testing.T) {
	store := memstate.New()
	apply := func(version int64, operation msgext.Operation, keyValues ...msgext.KeyValue) {
		for i := range keyValues {
			keyValues[i].Seq = version
		}
		event := msgext.Event{Message: group, Operation: operation, Seq: version, KeyValues: keyValues}
		require.NoError(t, store.Apply(t.Context(), event, time.UnixMilli(1), state.MarkNow))
	}
	apply(1, msgext.Set, msgext.KeyValue{Key: "early_0", Value: "1"}, msgext.KeyValue{Key: "closed", Value: "1"})
	apply(2, msgext.Clear)
	apply(3, msgext.Set, msgext.KeyValue{Key: "alice_0", Value: "1"}, msgext.KeyValue{Key: "bob_0", Value: "1"})
	apply(4, msgext.Set, msgext.KeyValue{Key: "alice_0", Value: "2"})
	apply(5, msgext.Delete, msgext.KeyValue{Key: "bob_0"})
	open := reader.New(reader.Options{Store: store, SDKAppID: app})
	const target = "/api/extensions?GroupId=%40TGS%231&MsgSeq=7&tally="
	assert.JSONEq(t, `{"options":[{"option":2,"votes":1}],"voters":1,"closed":false,"LatestSeq":5,"Gap":false}`,
		ask(t, open, http.MethodGet, target+"poll").Body.String())
	assert.JSONEq(t, `{"values":[{"value":"2","count":1}],"keys":1,"LatestSeq":5,"Gap":false}`,
		ask(t, open, http.MethodGet, target+"values").Body.String())
}
