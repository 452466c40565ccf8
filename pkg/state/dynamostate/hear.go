package dynamostate

import (
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// hear returns the write of the head for an event: everything in the event that is not about a
// single key. The write returns the head.
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

// doubt returns the write of the head for a doubt.
func doubt(path string, at int64, source state.Source) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		e := &expression{create: true}
		if source == state.FromWebhook {
			e.raise("heard", state.Milliseconds(h.record.Check.Heard), at)
		}
		e.raise("dropped", state.Milliseconds(h.record.Check.DroppedAt), at)
		e.initial(0, "latest")
		e.touch(path, h, at)
		// #revision has its value from before this write.
		e.sets = append(e.sets, "#doubted = if_not_exists(#revision, :at) + :one")
		return e, nil
	}
}

// touch does what an event and a doubt have in common, see state.Record: the revision rises, the
// checks restart, and the message is due from then on, unless it is due earlier already.
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
