package reader

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msgext/pkg/msgext"
)

// Tally says what to count; "" lists the key-values instead.
type Tally string

// The tallies.
const (
	Values Tally = "values" // how many keys have each value
	Poll   Tally = "poll"   // the votes of Chat's own vote plugin
)

// ValueTally counts the keys of each value. The most frequent value comes first; equal counts are
// sorted by the value's bytes.
type ValueTally struct {
	Values    []ValueCount `json:"values"`
	Keys      int          `json:"keys"` // number of visible keys
	LatestSeq int64        `json:"LatestSeq"`
	Gap       bool         `json:"Gap"`
}

// ValueCount is one value of a ValueTally.
type ValueCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// PollTally counts the votes of Chat's own vote plugin, by option.
//
// The plugin (tencent_cloud_chat_vote_plugin for Flutter, vote_message_btns.dart, read 2026-11-26)
// stores a user's vote under the key USERID_0. The value has the indexes of the options, joined by
// underscores. The key closed with the value 1 ends the poll. As in the plugin, an option counts
// once per user however often the value repeats it, and a user who has a key has voted. A user id
// may contain underscores itself. Other keys, and parts of a value that are not an option's index,
// are ignored. When a poll is sent again, the plugin keeps the votes on the original message.
type PollTally struct {
	Options   []OptionVotes `json:"options"` // options with votes, by index
	Voters    int           `json:"voters"`
	Closed    bool          `json:"closed"`
	LatestSeq int64         `json:"LatestSeq"`
	Gap       bool          `json:"Gap"`
}

// OptionVotes is one option of a PollTally.
type OptionVotes struct {
	Option int `json:"option"`
	Votes  int `json:"votes"`
}

// count returns the tally as JSON.
func (t Tally) count(state msgext.State, gap bool) ([]byte, error) {
	var counted any
	if t == Poll {
		poll := CountPoll(state.Visible())
		poll.LatestSeq, poll.Gap = state.Latest, gap
		counted = poll
	} else {
		values := CountValues(state.Visible())
		values.LatestSeq, values.Gap = state.Latest, gap
		counted = values
	}
	return json.Marshal(counted, jsontext.AllowInvalidUTF8(true))
}

// CountValues counts visible key-values by value. The caller sets LatestSeq and Gap.
func CountValues(keyValues []msgext.KeyValue) ValueTally {
	counts := make(map[string]int)
	for _, kv := range keyValues {
		counts[kv.Value]++
	}
	tally := ValueTally{Values: make([]ValueCount, 0, len(counts)), Keys: len(keyValues)}
	for value, count := range counts {
		tally.Values = append(tally.Values, ValueCount{value, count})
	}
	slices.SortFunc(tally.Values, func(a, b ValueCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return tally
}

// ClosedKey is the key by which the vote plugin ends a poll.
const ClosedKey = "closed"

// Other texts that the vote plugin writes.
const (
	voteSuffix  = "_0"
	closedValue = "1"
)

// CountPoll counts visible key-values as the vote plugin does. The caller sets LatestSeq and Gap.
func CountPoll(keyValues []msgext.KeyValue) PollTally {
	tally := PollTally{Options: []OptionVotes{}}
	votes := make(map[int]int)
	for _, kv := range keyValues {
		if kv.Key == ClosedKey {
			tally.Closed = kv.Value == closedValue
			continue
		}
		_, options, isVote := VoteOf(kv)
		if !isVote {
			continue
		}
		tally.Voters++
		for option := range options {
			votes[option]++
		}
	}
	for _, option := range slices.Sorted(maps.Keys(votes)) {
		tally.Options = append(tally.Options, OptionVotes{option, votes[option]})
	}
	return tally
}

// VoteOf reads a key-value as a vote of the plugin, and returns the user and the chosen options. ok
// is false for any other key.
func VoteOf(kv msgext.KeyValue) (user string, options map[int]bool, ok bool) {
	user, ok = strings.CutSuffix(kv.Key, voteSuffix)
	if !ok || user == "" {
		return "", nil, false
	}
	return user, optionsOf(kv.Value), true
}

// optionsOf returns the option indexes in a vote's value.
func optionsOf(value string) map[int]bool {
	options := make(map[int]bool)
	for part := range strings.SplitSeq(value, "_") {
		if option, err := strconv.Atoi(part); err == nil && option >= 0 && strconv.Itoa(option) == part {
			options[option] = true
		}
	}
	return options
}
