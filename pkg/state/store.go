// Package state keeps what webhooks and reads have said of each message. Store is the
// interface that the webhook function, the repair function and the local process share; each
// store is a driver in a package below this one, and statetest is the suite all of them pass.
// What a store must compute is msgext.State; this package adds only when a message wants a look.
//
// A store writes per key, not per message: an event costs its own keys, one record and one
// mark, however many keys the message has. There is no read-modify-write of a message, and no lock
// that outlives a write.
//
// It is for drivers of further stores, and for programs that read what a store holds. Its API
// is v0: it may change with any release.
package state

import (
	"context"
	"errors"
	"time"

	"msgext/pkg/msgext"
)

// ErrNotFound is Load's error for a message nobody has heard of.
var ErrNotFound = errors.New("state: message not found")

// Store keeps the state of messages. Every method is safe for concurrent use, honours its
// context, and returns only when what it wrote is durable; after an error the same call may simply
// be made again. The laws of msgext.State hold whatever the interleaving.
type Store interface {
	// Apply takes in an event heard at a given time: its key-values, clear and latest version.
	// It makes the message due for a check from that time on, unless it already is since
	// earlier, and starts its Check over. When seen is true the event's version is marked as seen
	// as well: for callers to whom nothing but the store is configured. A store that needs several
	// writes makes them in an order in which a crash between any two leaves a gap, never a lie:
	// latest and due first, then the keys, then the mark.
	Apply(ctx context.Context, event msgext.Event, heard time.Time, seen bool) error

	// MarkSeen notes that a version was accepted by everything configured; it is called after
	// Apply of the same event.
	MarkSeen(ctx context.Context, message msgext.Message, version int64) error

	// Merge takes in a read. It neither raises the floor nor changes when the message is due.
	// An unknown message is created.
	Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error

	// Load returns all that is kept of a message, as of one moment or, where the database has
	// no such thing, at worst with a part of an event that is being applied meanwhile.
	// Its error is ErrNotFound for an unknown message.
	Load(ctx context.Context, message msgext.Message) (Record, error)

	// Due returns up to limit messages that have been due since before or earlier, those that
	// have waited longest first (roughly, where the database spreads them over partitions).
	Due(ctx context.Context, before time.Time, limit int) ([]Head, error)

	// Checked writes the outcome of a check of an existing message; an unknown one is ErrNotFound.
	Checked(ctx context.Context, message msgext.Message, outcome Outcome) error

	// Drop forgets what lies above version, as msgext.State.Drop does, and in the same write leaves
	// the message due since due, raises its revision and clears AheadSince: with the gap that Drop
	// leaves, a real event above version that arrived meanwhile is read back and not lost.
	// Only after a read of version has been merged. Its error is ErrNotFound for an unknown message.
	Drop(ctx context.Context, message msgext.Message, version int64, due time.Time) error

	// Sweep removes garbage as msgext.State.Sweep does, unless the message has changed since
	// revision. Only for a message that has been quiet for longer than any delivery can be late.
	// Its error is ErrNotFound for an unknown message.
	Sweep(ctx context.Context, message msgext.Message, revision int64) error

	// Forget erases a message and everything kept of it; an unknown one is no error.
	Forget(ctx context.Context, message msgext.Message) error

	// Close releases the store's connections.
	Close() error
}

// Record is all that is kept of one message.
type Record struct {
	State msgext.State
	Check Check
}

// Head is the part of a record that tells whether a message has a gap; it costs the same
// to read however many keys the message has.
type Head struct {
	Message  msgext.Message
	Progress msgext.Progress
	Check    Check
}

// Check says when and how a message is looked at again. Times are kept to the millisecond.
type Check struct {
	// Revision rises with every Apply of an event to the message, duplicates included, and with
	// every Drop.
	Revision int64
	// Heard is when the newest Apply heard its event; zero when none was.
	Heard time.Time
	// Due is since when the message has been waiting for a check, or the future moment from
	// which it will; zero when nothing is left to check.
	Due time.Time
	// Tries counts the checks since the newest event that have not settled the message.
	Tries int
	// Told is true when every sink has been given the truth since the newest event.
	Told bool
	// AheadSince is the time of the first read, since which every read has found Chat's latest
	// version below ours; zero when none has.
	AheadSince time.Time
}

// Outcome is what a check found and decided.
type Outcome struct {
	// Floor raises the floor: every version up to it is completely handled. It never
	// lowers it; zero leaves it. Versions up to it leave the seen ones.
	Floor int64

	// Check replaces the message's Check, except for Heard, which stays. It is written only
	// if the message's revision is still Check.Revision: a newer event has started it over.
	Check Check
}
