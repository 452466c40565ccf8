package console

import (
	"slices"
	"strconv"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
)

const (
	maxChoices = 50  // choices of a poll, the most common ones
	maxVoters  = 100 // voters that are named for each choice
)

// poll is a message's values, counted as the read API counts them.
type poll struct {
	Plugin  bool     `json:"plugin"` // whether the vendor's vote plugin wrote it
	Closed  bool     `json:"closed"`
	Voters  int      `json:"voters"`  // or keys, without the plugin
	Choices []choice `json:"choices"` // the most common first
	Total   int      `json:"total"`   // how many distinct choices there are
}

// choice is one option of a poll, or one value, with its voters.
type choice struct {
	Value string   `json:"value"` // the option's index in a poll of the plugin
	Count int      `json:"count"`
	Who   []string `json:"who"`
}

// count returns the poll of visible key-values. If all of them are votes of the vote plugin it
// counts votes, and otherwise values.
func count(visible []msgext.KeyValue) poll {
	if votes := reader.CountPoll(visible); len(votes.Options) > 0 && onlyVotes(visible) {
		return countVotes(votes, visible)
	}
	values := reader.CountValues(visible)
	counted := poll{Voters: values.Keys, Choices: []choice{}, Total: len(values.Values)}
	at := make(map[string]int)
	for i, v := range values.Values[:min(len(values.Values), maxChoices)] {
		at[v.Value] = i
		counted.Choices = append(counted.Choices, choice{Value: cut(v.Value, maxShownText), Count: v.Count, Who: []string{}})
	}
	for _, kv := range visible {
		if i, shown := at[kv.Value]; shown {
			counted.Choices[i].name(kv.Key)
		}
	}
	return counted
}

func (c *choice) name(who string) {
	if len(c.Who) < maxVoters {
		c.Who = append(c.Who, cut(who, maxShownText))
	}
}

// onlyVotes reports whether the vote plugin could have written every key.
func onlyVotes(visible []msgext.KeyValue) bool {
	return !slices.ContainsFunc(visible, func(kv msgext.KeyValue) bool {
		_, _, isVote := reader.VoteOf(kv)
		return !isVote && kv.Key != reader.ClosedKey
	})
}

func countVotes(votes reader.PollTally, visible []msgext.KeyValue) poll {
	counted := poll{Plugin: true, Closed: votes.Closed, Voters: votes.Voters, Total: len(votes.Options)}
	options := slices.Clone(votes.Options)
	slices.SortStableFunc(options, func(a, b reader.OptionVotes) int { return b.Votes - a.Votes })
	for _, option := range options[:min(len(options), maxChoices)] {
		c := choice{Value: strconv.Itoa(option.Option), Count: option.Votes, Who: []string{}}
		for _, kv := range visible {
			if user, chosen, isVote := reader.VoteOf(kv); isVote && chosen[option.Option] {
				c.name(user)
			}
		}
		counted.Choices = append(counted.Choices, c)
	}
	return counted
}

// leading is the leading choice, for the list.
type leading struct {
	Plugin bool   `json:"plugin"`
	Value  string `json:"value"`
	Count  int    `json:"count"`
	Tied   bool   `json:"tied"`
	Voters int    `json:"voters"`
}

// lead returns the leading choice of a poll, or nil where there is none.
func (p poll) lead() *leading {
	if len(p.Choices) == 0 {
		return nil
	}
	first := p.Choices[0]
	return &leading{p.Plugin, cut(first.Value, maxListText), first.Count, len(p.Choices) > 1 && p.Choices[1].Count == first.Count, p.Voters}
}
