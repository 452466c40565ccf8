package dynamostate

import (
	"slices"
	"strconv"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// hear takes in what an event says of the whole message. The write returns the head.
func hear(event msgext.Event, path string, heard time.Time) func(head) (*expression, error) {
	at := state.Milliseconds(heard)
	return func(h head) (*expression, error) {
		e := &expression{create: true, returns: true}
		e.raise("latest", h.record.State.Latest, event.Latest())
		e.raise("heard", state.Milliseconds(h.record.Check.Heard), at)
		if event.Operation == msgext.Clear {
			e.raise("clear", h.record.State.Clear, event.Seq)
		}
		e.touch(path, h, at)
		return e, nil
	}
}

// doubt is one write, as an event's of the head is.
func doubt(path string, at int64, source state.Source) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		e := &expression{create: true}
		if source == state.FromWebhook {
			e.raise("heard", state.Milliseconds(h.record.Check.Heard), at)
		}
		e.initial(0, "latest")
		e.touch(path, h, at)
		e.sets = append(e.sets, "#doubted = if_not_exists(#revision, :at) + :one") // as it was before this write
		return e, nil
	}
}

// touch is what an event and a doubt have in common, see state.Record: the revision rises, the checks start over,
// and the message is due since then, unless it already is since earlier.
func (e *expression) touch(path string, h head, at int64) {
	if due := h.due(); due == 0 || due <= at {
		e.initial(at, "due")
		e.when("(attribute_not_exists(#due) OR #due <= :initial_due)")
	} else {
		e.set("due", number(at))
		e.when("#due > :due")
	}
	e.set("shard", number(shard(path, state.FirstChecks)))
	e.set("path", text(path))
	e.set("schema", number(state.Schema))
	e.initial(0, "floor")
	e.sets = append(e.sets, "#revision = if_not_exists(#revision, "+e.value("at", number(at))+") + "+e.value("one", number(1)))
	e.remove("tries", "told", "gave")
	e.readable()
}

// ordinarily is the head that the mark of a version finds when events come in order.
func ordinarily(version int64) head {
	h := head{known: true}
	h.record.State.Progress = msgext.Progress{Latest: version, Floor: version - 1}
	return h
}

// mark notes that a version is completely handled. The next one raises the floor at once, over what was seen above
// it, so that seen is empty, and the head small, unless a version is missing. An unknown message needs no mark. The
// write returns the head.
func mark(version int64) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		if !h.known {
			return unneeded, nil
		}
		before := h.record.State.Progress
		p := before
		p.Seen = slices.Clone(before.Seen)
		p.MarkSeen(version)
		e := &expression{returns: true}
		e.raise("latest", before.Latest, version)
		e.readable()
		switch {
		case p.Floor > before.Floor:
			e.set("floor", number(p.Floor))
			e.when("#floor = " + e.value("before", number(version-1)))
			e.passOver(h, p.Floor)
		case len(p.Seen) > len(before.Seen):
			e.include("seen", version)
			e.when("#floor < " + e.value("before", number(version-1)))
			e.when("(attribute_not_exists(#seen) OR size(#seen) < " + e.value("most", number(msgext.MaxSeen)) + ")")
		case version <= before.Latest:
			return unneeded, nil
		}
		return e, nil
	}
}

// mostOperators is how many versions a condition names: an expression may have 300 operators in 4 KB
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11).
const mostOperators = 100

// passOver takes the versions up to a new floor out of seen. All of them must still be there, a drop may have
// taken some, and the one after the floor must not.
func (e *expression) passOver(h head, floor int64) {
	passed := upTo(h.record.State.Seen, floor)
	e.exclude("seen", passed...)
	if len(passed) > mostOperators {
		e.unchanged("seen", h.item["seen"])
		return
	}
	e.when("(attribute_not_exists(#seen) OR NOT contains(#seen, " + e.value("next", number(floor+1)) + "))")
	for _, version := range passed {
		e.when("contains(#seen, " + e.value("passed_"+strconv.FormatInt(version, 10), number(version)) + ")")
	}
}
