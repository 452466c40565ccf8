package repair

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Comparison is the result of comparing a message with Chat.
type Comparison int

// The comparisons. A message is undecided while it waits for a check or is not settled, because
// repair checks it first. It is undecided, too, if it changed in the meantime, here or in Chat.
const (
	Equal Comparison = iota
	Differs
	Gone // Chat no longer has the message, and the store does not know that
	Undecided
)

func (c Comparison) String() string {
	return []string{"equal", "differs", "gone", "undecided"}[c]
}

// Verdict is a message's Comparison, and in what it differs.
type Verdict struct {
	Message    msgext.Message
	Comparison Comparison

	// Latest is the greatest version that the store knows of, ChatLatest Chat's.
	Latest, ChatLatest int64

	// Differences are sorted by key. There may be none although the message differs: a change was
	// lost, and another one undid it.
	Differences []Difference

	// Exchanged says that Chat has nothing of the one-to-one message by this name, and has
	// extensions of it with its two accounts exchanged.
	Exchanged bool

	place place
}

// Difference is a key that is not the same; nil stands for one that is not present.
type Difference struct {
	Key        string
	Here, Chat *msgext.KeyValue
}

// place is how a message stood when it was compared. If it is the same later, nothing was heard,
// doubted or read of the message meanwhile.
type place struct{ revision, read int64 }

func placeOf(record state.Record) place {
	return place{record.Check.Revision, record.State.ReadNumber()}
}

// Compare reads a message and compares what the store shows of it with the read. The read may have
// overtaken a webhook that is on its way. So one difference is not certain. It is certain if
// Compare says the same again after the grace time, of a message whose place is the same; see
// Verify.
//
// Errors: ErrNoAccess, state.ErrNotFound, with state.ErrExchanged if the store has the message by
// another name, those of chatapi.Client.Read but ErrGone, and the store's.
func (r *Repairer) Compare(ctx context.Context, message msgext.Message) (Verdict, error) {
	if r.options.Chat == nil {
		return Verdict{}, ErrNoAccess
	}
	ctx, cancel := context.WithTimeout(ctx, checkBudget)
	defer cancel()
	before, err := r.options.Store.Load(ctx, message)
	if errors.Is(err, state.ErrNotFound) {
		err = state.HintExchanged(ctx, r.options.Store, message, err)
	}
	if err != nil {
		return Verdict{}, err
	}
	undecided := Verdict{Message: message, Comparison: Undecided, Latest: before.State.Latest}
	if r.unsettled(before) {
		return undecided, nil
	}
	reading, err := r.options.Chat.Read(ctx, message)
	if err != nil && !errors.Is(err, chatapi.ErrGone) && !(isUnheard(before) && refused(err)) {
		return Verdict{}, err
	}
	verdict := compare(message, before, reading.Snapshot, err == nil)
	if verdict.Comparison != Differs && verdict.Comparison != Gone {
		return verdict, nil
	}
	verdict.Exchanged = empty(reading.Snapshot) && r.hasExchanged(ctx, message)
	after, err := r.options.Store.Load(ctx, message)
	switch {
	case err != nil:
		return Verdict{}, err
	case placeOf(after) != placeOf(before), r.unsettled(after):
		return undecided, nil
	}
	return verdict, nil
}

// unsettled reports whether a message waits for a check, or is known not to be right.
func (r *Repairer) unsettled(record state.Record) bool {
	c := record.Check
	return c.IsDue(r.options.Now()) || c.Standing() != state.Settled || record.State.Gap() && !c.Gone
}

// isUnheard reports whether the store shows nothing of a message because it was only announced.
func isUnheard(record state.Record) bool {
	return record.State.Latest == 0 && record.State.Base == nil
}

// compare compares what is known of a message with a read. There is no read of a message that Chat
// does not have.
func compare(message msgext.Message, record state.Record, read msgext.Snapshot, there bool) Verdict {
	v := Verdict{Message: message, Latest: record.State.Latest, ChatLatest: max(read.Latest, read.Ahead), place: placeOf(record)}
	switch {
	case !there && (record.Check.Gone || isUnheard(record)):
		return v
	case !there:
		v.Comparison = Gone
		return v
	case read.Ahead != 0: // it changed while it was read
		v.Comparison = Undecided
		return v
	}
	v.Differences = differences(record.State.Visible(), read.KeyValues)
	if len(v.Differences) > 0 || v.Latest < v.ChatLatest || record.Check.Gone {
		v.Comparison = Differs
	}
	return v
}

func differences(here, chat []msgext.KeyValue) []Difference {
	byKey := make(map[string]Difference)
	for _, kv := range here {
		byKey[kv.Key] = Difference{Key: kv.Key, Here: &kv}
	}
	for _, kv := range chat {
		d := byKey[kv.Key]
		if d.Here != nil && *d.Here == kv {
			delete(byKey, kv.Key)
			continue
		}
		byKey[kv.Key] = Difference{Key: kv.Key, Here: d.Here, Chat: &kv}
	}
	return slices.SortedFunc(maps.Values(byKey), func(a, b Difference) int { return strings.Compare(a.Key, b.Key) })
}

// sameAs reports whether two verdicts found the same, of a message whose place did not change.
func (v Verdict) sameAs(other Verdict) bool {
	return v.Comparison == other.Comparison && v.place == other.place && v.ChatLatest == other.ChatLatest &&
		slices.EqualFunc(v.Differences, other.Differences, func(a, b Difference) bool {
			return a.Key == b.Key && equal(a.Here, b.Here) && equal(a.Chat, b.Chat)
		})
}

func equal(a, b *msgext.KeyValue) bool {
	return a == b || a != nil && b != nil && *a == *b
}
