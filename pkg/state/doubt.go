package state

import "time"

// Source says who doubts a message.
type Source int

// A webhook about the message's extensions is something heard of it. An operator, or a comparison
// with Chat, is not: reads that wait for a first webhook go on.
const (
	FromWebhook Source = iota
	FromOperator
)

// Doubt notes that something happened to the message that could not be taken in, so that it must be
// read, whatever its versions say. Nothing visible changes, nor how far its history is known. The
// message is due from then on, unless it already is since earlier, and its checks start over.
//
// The doubt stands as the revision at which it was raised: a check that settles it carries the
// revision it loaded before it began to read, and a doubt raised later than that is greater,
// whatever the clocks say. DroppedAt stands with it, for what could not be taken in is dropped like
// a version: one of Chat's replicas may lag behind the webhook, so only a read that decides what
// was heard by then finds it for certain.
func (r *Record) Doubt(at time.Time, source Source) {
	at = toMillisecond(at)
	r.touch(at)
	r.Check.Doubted = r.Check.Revision
	r.Check.DroppedAt = later(r.Check.DroppedAt, at)
	if source == FromWebhook {
		r.Check.Heard = later(r.Check.Heard, at)
	}
}
