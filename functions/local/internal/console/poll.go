package console

import (
	"slices"
	"strconv"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
)

const (
	maxChoices = 50  // of a poll, the most common
	maxVoters  = 100 // that are named at each
)

// poll is a message's values, counted as the read API counts them.
type poll struct {
	Plugin  bool     `json:"plugin"` // the vendor's own vote plugin wrote it
	Closed  bool     `json:"closed"`
	Voters  int      `json:"voters"`  // or keys, where it is not the plugin's
	Choices []choice `json:"choices"` // the most first
	Total   int      `json:"total"`   // distinct choices
}

// choice is one option of a poll, or one value, and who is for it.
type choice struct {
	Value string   `json:"value"` // the option's index in a plugin's poll
	Count int      `json:"count"`
	Who   []string `json:"who"`
}

// count returns the poll of visible key-values: as the vote plugin means them where nothing else
// stands there, by value otherwise.
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

// onlyVotes reports whether every key is one that the vote plugin writes.
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

// leading is who leads, for the list.
type leading struct {
	Plugin bool   `json:"plugin"`
	Value  string `json:"value"`
	Count  int    `json:"count"`
	Tied   bool   `json:"tied"`
	Voters int    `json:"voters"`
}

// lead returns who leads a poll, nil where nobody does.
func (p poll) lead() *leading {
	if len(p.Choices) == 0 {
		return nil
	}
	first := p.Choices[0]
	return &leading{p.Plugin, cut(first.Value, maxListText), first.Count, len(p.Choices) > 1 && p.Choices[1].Count == first.Count, p.Voters}
}
