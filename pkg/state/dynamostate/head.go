package dynamostate

import (
	"context"
	"slices"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// head is a message's head item.
type head struct {
	exists   bool
	progress msgext.Progress
	clear    int64
	check    state.Check
}

func decodeHead(attributes item) (head, error) {
	if len(attributes) == 0 {
		return head{}, nil
	}
	d := decoder{item: attributes}
	h := head{
		exists:   true,
		progress: msgext.Progress{Latest: d.number("latest"), Floor: d.number("floor"), Seen: d.versions("seen")},
		clear:    d.number("clear"),
		check: state.Check{
			Revision: d.number("revision"), Heard: state.Moment(d.number("heard")), Due: state.Moment(d.number("due")),
			Tries: int(d.number("tries")), Told: d.boolean("told"), AheadSince: state.Moment(d.number("ahead")),
		},
	}
	slices.Sort(h.progress.Seen)
	return h, d.err
}

// unneeded is what a decision returns when the head already says all there is to say.
var unneeded *expression

// change writes a message's head. decide makes the write out of the head that it believes to stand,
// conditioned on whatever in it the write depends on; where the belief, at first a guess, was wrong, it
// decides again on the head that stands. A refusal means that somebody else's write was made, so
// the writers of one head make progress together. What is returned is the head as written, if the write
// returns it.
func (s *Store) change(ctx context.Context, path string, guess head, decide func(head) (*expression, error)) (head, error) {
	for believed := guess; ; {
		e, err := decide(believed)
		if err != nil || e == unneeded {
			return believed, err
		}
		attributes, ok, err := s.write(ctx, address(path, headItem), e)
		if err != nil {
			return head{}, err
		}
		if believed, err = decodeHead(attributes); err != nil || ok {
			return believed, err
		}
	}
}

// hear takes in what an event says of the whole message.
func hear(event msgext.Event, path string, heard time.Time, returns bool) func(head) (*expression, error) {
	at := state.Milliseconds(heard)
	return func(h head) (*expression, error) {
		e := &expression{create: true, returns: returns}
		e.raise("latest", h.progress.Latest, event.Latest())
		e.raise("heard", state.Milliseconds(h.check.Heard), at)
		if event.Operation == msgext.Clear {
			e.raise("clear", h.clear, event.Seq)
		} else {
			e.initial(0, "clear")
		}
		if due := state.Milliseconds(h.check.Due); due == 0 || due <= at {
			e.initial(at, "due")
			e.when("(attribute_not_exists(#due) OR #due <= :initial_due)")
		} else {
			e.set("due", number(at))
			e.when("#due > :due")
		}
		e.set("shard", number(shard(path)))
		e.set("path", text(path))
		e.initial(0, "floor")
		e.set("tries", number(0))
		e.set("told", boolean(false))
		e.sets = append(e.sets, "#revision = if_not_exists(#revision, "+e.value("zero", number(0))+") + "+e.value("one", number(1)))
		return e, nil
	}
}

// hearOf notes that a version exists.
func hearOf(path string, version int64) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		if h.exists && h.progress.Latest >= version {
			return unneeded, nil
		}
		e := &expression{create: true}
		e.raise("latest", h.progress.Latest, version)
		e.initial(0, "floor", "clear", "revision", "heard")
		e.set("path", text(path))
		return e, nil
	}
}

// ordinarily is the head that the mark of a version finds when events come in order.
func ordinarily(version int64) head {
	return head{exists: true, progress: msgext.Progress{Latest: version, Floor: version - 1}}
}

// mark notes that a version is completely handled. The next one raises the floor at once, which keeps seen
// empty, and the head small, as long as events come in order.
func mark(path string, version int64) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		if !h.exists {
			return firstMark(path, version), nil
		}
		p := h.progress
		e := new(expression)
		e.raise("latest", p.Latest, version)
		switch _, seen := slices.BinarySearch(p.Seen, version); {
		case version == p.Floor+1:
			e.set("floor", number(version))
			e.exclude("seen", version)
			e.when("#floor = " + e.value("before", number(version-1)))
		case version > p.Floor && !seen && len(p.Seen) < msgext.MaxSeen:
			e.include("seen", version)
			e.when("#floor < " + e.value("version", number(version)))
			e.when("(attribute_not_exists(#seen) OR size(#seen) < " + e.value("most", number(msgext.MaxSeen)) + ")")
		case version <= p.Latest:
			return unneeded, nil
		}
		return e, nil
	}
}

// firstMark is the mark of a message nobody has heard of.
func firstMark(path string, version int64) *expression {
	e := new(expression)
	e.when("attribute_not_exists(#pk)")
	e.set("path", text(path))
	e.set("latest", number(version))
	e.initial(0, "clear", "revision", "heard")
	switch {
	case version <= 1:
		e.set("floor", number(version))
	default:
		e.set("floor", number(0))
		e.include("seen", version)
	}
	return e
}
