// Package state keeps what webhooks and reads have said about each message, and when each message
// must be checked. Store is the interface. Each store is a driver in a package below this one, and
// every store passes the suite in statetest. What a store must compute is Record, whose methods are
// pure: each method of Store is the method of the same name, made durable.
//
// A store writes per key, not per message. An event writes its own keys, one record and one mark,
// however many keys the message has. To apply an event, a store never reads the whole message
// first, and holds no lock longer than one write.
//
// It is for drivers of further stores, and for programs that read a store directly. Its API is v0:
// it may change with any release.
package state

import (
	"context"
	"errors"
	"time"

	"msgext/pkg/msgext"
)

// Schema is the version of the format that stores write. Version 1 was written before versions were
// numbered.
const Schema = 2

var (
	// ErrNotFound is the error for an unknown message.
	ErrNotFound = errors.New("state: message not found")

	// ErrOvertaken is Merge's error if another read was merged since this one began.
	ErrOvertaken = errors.New("state: another read was merged since this one began")

	// ErrSchemaOld and ErrSchemaNew mean that the database's schema is older or newer than Schema.
	// Opening the database returns them, or the first call if opening does no I/O. The store's
	// schema tool upgrades an older schema in place. A newer schema needs a newer binary.
	ErrSchemaOld = errors.New("state: the database's schema is of an older version")
	ErrSchemaNew = errors.New("state: the database's schema is of a newer version")
)

// Recorder records what a receiver hears. Every method but MarkSeen creates the message if it is
// unknown.
type Recorder interface {
	// Apply takes in an event heard at a given time, see Record.Apply. A store that needs several
	// writes makes them in this order: latest and due, then the keys, then the mark. A crash
	// between any two of them then leaves a detectable gap, never a version marked complete whose
	// data is missing.
	Apply(ctx context.Context, event msgext.Event, heard time.Time, mark Mark) error

	// MarkSeen notes that a version was accepted by everything configured. It is called after Apply
	// of the same event. For an unknown message, such as one that was erased in the meantime, it
	// does nothing and leaves nothing behind.
	MarkSeen(ctx context.Context, message msgext.Message, version int64) error

	// Doubt notes that something happened to a message that could not be taken in, see
	// Record.Doubt.
	Doubt(ctx context.Context, message msgext.Message, at time.Time, source Source) error

	// Announce notes at a given time that a message exists. due is when its first check is due if
	// nothing of its own is heard until then, see Record.Announce.
	Announce(ctx context.Context, message msgext.Message, at, due time.Time) error
}

// Loader loads messages.
type Loader interface {
	// Load returns all that is kept of a message, as of one moment. If the database cannot read as
	// of one moment, the result may at worst contain a part of an event that is being applied. Its
	// error is ErrNotFound for an unknown message.
	Load(ctx context.Context, message msgext.Message) (Record, error)
}

// Store keeps the state of messages. Every method is safe for concurrent use, honours its context,
// and returns only when its writes are durable. After an error the same call may simply be
// repeated. The laws of msgext.State hold for every interleaving. Times are kept to the
// millisecond.
type Store interface {
	Recorder
	Loader

	// Merge takes in a read, unless another was merged since it began. In that case it writes
	// nothing and returns ErrOvertaken. If the same read, equal in number and content, is already
	// stored, the call is a retry of the caller's and no error. An unknown message is created, see
	// Record.Merge.
	Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error

	// Due returns a page of the messages of a lane that have been due since before or earlier.
	// Those that have waited longest come first (roughly, if the database spreads them over
	// partitions). The page begins after a cursor: the zero Cursor, or the Next of the page before.
	// It holds up to limit heads; limit is at least 1.
	//
	// The index behind a lane may lag, but each head is read as it is now. A head that is not due
	// is left out, whatever the index says, so a page may be empty while More is true. A message
	// that moves into another lane in the meantime may appear in both lanes, or in neither.
	Due(ctx context.Context, lane Lane, before time.Time, after Cursor, limit int) (Page, error)

	// SaveCheck writes the outcome of a check, see Record.SaveCheck. Its error is ErrNotFound for
	// an unknown message.
	SaveCheck(ctx context.Context, message msgext.Message, outcome Outcome) error

	// Drop removes versions that Chat does not have, and reports whether it did, see Record.Drop.
	// It does nothing if something was dropped since the message was loaded. Its error is
	// ErrNotFound for an unknown message.
	Drop(ctx context.Context, message msgext.Message, drop Drop) (bool, error)

	// Sweep removes garbage as msgext.State.Sweep does, unless the message has changed since
	// revision. It must be called only for a message that has been quiet for longer than any
	// delivery can be late. Its error is ErrNotFound for an unknown message.
	Sweep(ctx context.Context, message msgext.Message, revision int64) error

	// Erase erases a message and everything kept of it, unless it has changed since revision, and
	// reports whether it did. For an unknown message it returns false. A store that cannot erase
	// everything at once first raises the revision and leaves the message due, with a gap. After a
	// crash, or an event that comes in between, the message is then read back.
	Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error)

	// Forget erases a message and everything kept of it, even if it changes in the meantime. Its
	// error is ErrNotFound if there was nothing to erase.
	Forget(ctx context.Context, message msgext.Message) error

	// Each returns a page of all messages, in an order of the store's own, after a cursor: the zero
	// Cursor, Somewhere, or the Next of the page before. A message that exists during the whole
	// walk appears at least once between the zero Cursor and the end. A page may be empty while
	// More is true.
	Each(ctx context.Context, after Cursor, limit int) (Page, error)

	// Count counts the messages that are not settled, up to limit of each kind; limit is at least 1.
	Count(ctx context.Context, limit int) (Counts, error)

	// Close releases the store's connections.
	Close() error
}

// Page is a part of a list of messages.
type Page struct {
	Heads []Head
	Next  Cursor // where the next page begins
	More  bool   // whether to ask for it
}

// Counts says how many checks are left to do.
type Counts struct {
	// Open and Stuck count the messages of that Standing, as SaveCheck or Drop last left them.
	// Whether events since then are taken into account depends on the store.
	Open, Stuck int

	// OldestDue is the earliest Due of any message in the lanes FirstChecks and Retries. It may be
	// in the future, and is zero if there is none.
	OldestDue time.Time
}
