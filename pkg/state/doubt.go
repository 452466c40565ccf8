package state

import "time"

// Source says where a doubt comes from.
type Source int

// A doubt from a webhook about the message's extensions counts as hearing of the message. A doubt
// from an operator, or from a comparison with Chat, does not: the reads that wait for a first
// webhook continue.
const (
	FromWebhook Source = iota
	FromOperator
)

// Doubt notes that something happened to the message that could not be taken in. The message must
// then be read, whatever its versions say. Doubt changes neither what is visible nor which versions
// count as handled. It makes the message due from the given time on, unless it is due earlier
// already, and restarts its checks.
//
// The doubt is stored as the revision at which it was raised. A check settles it only if the check
// loaded the message at that revision or a later one, before it began to read. So a doubt raised
// after the load stays, whatever the clocks say. Doubt also sets DroppedAt, because an event that
// could not be taken in is missing like a dropped version. One of Chat's replicas may lag behind
// the webhook, so only a read that decides what was heard by then is certain to contain the change.
func (r *Record) Doubt(at time.Time, source Source) {
	at = toMillisecond(at)
	r.touch(at)
	r.Check.Doubted = r.Check.Revision
	r.Check.DroppedAt = later(r.Check.DroppedAt, at)
	if source == FromWebhook {
		r.Check.Heard = later(r.Check.Heard, at)
	}
}
