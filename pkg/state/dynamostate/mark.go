package dynamostate

import (
	"context"
	"slices"
	"strconv"

	"msgext/pkg/msgext"
)

// The stored floor and seen have the same meaning as in msgext.Progress, with one difference: the
// version that follows the floor may still be in seen, and readers of the head pass over it. So the
// mark of a version that does not follow the floor is one write, which no other mark can make fail,
// however many come at once and in whatever order.

// mark marks a version as seen. It begins with a guess of the stored head, and does not trust a
// guess that says that nothing is to be done. If there is no head, the message was forgotten since
// its event was applied, and keys of the event may have been written after that, so they are
// removed. If a head appears in the meantime, such keys may be missing in the new message, so the
// version must show as a gap.
func (s *Store) mark(ctx context.Context, path string, guess head, version int64) error {
	if guess.has(version) {
		guess = ordinarily(version)
	}
	for {
		h, err := s.change(ctx, path, guess, marking(version))
		if err != nil {
			return err
		}
		if !h.known {
			return s.unmark(ctx, path, version)
		}
		s.recent.note(path, h)
		if h.has(version) {
			return s.tidy(ctx, path, h, version)
		}
		guess = h // seen was full, and the write has made room
	}
}

// ordinarily returns the head that the mark of a version finds when events come in order.
func ordinarily(version int64) head {
	h := head{known: true, floor: version - 1}
	h.record.State.Progress = msgext.Progress{Latest: version, Floor: version - 1}
	return h
}

// has reports whether a mark of a version would change nothing, because the version is seen already
// or seen is full.
func (h head) has(version int64) bool {
	p := h.record.State.Progress
	p.Seen = slices.Clone(p.Seen)
	p.MarkSeen(version)
	return h.known && h.record.State.Latest >= version && p.Floor == h.record.State.Floor && len(p.Seen) == len(h.record.State.Seen)
}

// marking returns the write that marks a version as completely handled. The version that follows
// the floor raises it at once, and past the versions seen above it. So seen is empty, and the head
// small, unless a version is missing. The write returns the head.
func marking(version int64) func(head) (*expression, error) {
	return func(h head) (*expression, error) {
		if !h.known || h.has(version) {
			return unneeded, nil
		}
		p := h.record.State.Progress
		p.Seen = slices.Clone(p.Seen)
		e := &expression{returns: true}
		e.raise("latest", p.Latest, version)
		e.readable()
		e.when("attribute_exists(#pk)")
		_, seen := slices.BinarySearch(p.Seen, version)
		full := len(h.seen) >= msgext.MaxSeen
		switch next := p.Floor + 1; {
		case version == next && next-h.floor <= mostPassed:
			p.MarkSeen(version)
			e.passOver(h, p.Floor, version)
		case version < next || seen || full && len(p.Seen) >= msgext.MaxSeen: // only latest rises
		case full:
			e.passOver(h, p.Floor, version)
		default:
			e.include("seen", version)
			e.when("#floor < " + e.value("version", number(version)))
			e.when("(attribute_not_exists(#seen) OR size(#seen) < " + e.value("most", number(msgext.MaxSeen)) + ")")
		}
		return e, nil
	}
}

// mostPassed is how many versions one write passes over. The limit is DynamoDB's: an expression may
// have 300 operators in 4 KB
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11).
const mostPassed = 100

// passOver raises the floor, at most as far as one write can, and removes the versions up to it
// from seen. All of them but the one that is being marked must still be in seen, because a drop may
// have removed some.
func (e *expression) passOver(h head, floor, marked int64) {
	floor = min(floor, h.floor+mostPassed)
	e.set("floor", number(floor))
	e.when("#floor = " + e.value("before", number(h.floor)))
	passed := upTo(h.seen, floor)
	e.exclude("seen", passed...)
	for _, version := range passed {
		if version > h.floor && version != marked {
			e.when("contains(#seen, " + e.value("passed_"+strconv.FormatInt(version, 10), number(version)) + ")")
		}
	}
}

// tidy raises the floor past the versions seen above it, once every so many versions, so that the
// head of a message with many writers stays small. If another write came first, it does nothing.
func (s *Store) tidy(ctx context.Context, path string, h head, version int64) error {
	const every = 16
	if version%every != 0 || h.floor == h.record.State.Floor {
		return nil
	}
	e := new(expression)
	e.passOver(h, h.record.State.Floor, 0)
	_, _, err := s.write(ctx, address(path, headItem), e)
	return err
}

// unmark removes the keys that an event may have left without a head. If there is a head, it raises
// the head's latest instead, so that the version shows as a gap.
func (s *Store) unmark(ctx context.Context, path string, version int64) error {
	if _, ok, err := s.clear(ctx, path); ok || err != nil {
		return err
	}
	_, err := s.change(ctx, path, head{known: true}, func(h head) (*expression, error) {
		if !h.known || h.record.State.Latest >= version {
			return unneeded, nil
		}
		e := new(expression)
		e.raise("latest", h.record.State.Latest, version)
		e.readable()
		e.when("attribute_exists(#pk)")
		return e, nil
	})
	return err
}
