// Package state keeps what webhooks and reads have said of each message, and when each message
// wants a look. Store is the interface; each store is a driver in a package below this one, and
// statetest is the suite all of them pass. What a store must compute is Record, whose methods are
// pure: a call of Store is the method of that name, made durable.
//
// A store writes per key, not per message: an event costs its own keys, one record and one
// mark, however many keys the message has. There is no read-modify-write of a message on that path,
// and no lock that outlives a write.
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

// Schema is the version of what stores write. 1 is what was written before versions were numbered.
const Schema = 2

var (
	// ErrNotFound is the error for a message nobody has heard of.
	ErrNotFound = errors.New("state: message not found")

	// ErrOvertaken is Merge's error where another read was merged since this one began.
	ErrOvertaken = errors.New("state: another read was merged since this one began")

	// ErrSchemaOld and ErrSchemaNew are the errors of a database whose schema is older or newer
	// than Schema: of opening it, or of the first call where opening does no I/O. The older one is
	// upgraded in place by the store's schema tool, the newer one needs a newer binary.
	ErrSchemaOld = errors.New("state: the database's schema is of an older version")
	ErrSchemaNew = errors.New("state: the database's schema is of a newer version")
)

// Recorder takes down what a receiver hears. It creates messages it does not know, but for
// MarkSeen.
type Recorder interface {
	// Apply takes in an event heard at a given time, see Record.Apply. A store that needs several
	// writes makes them in an order in which a crash between any two leaves a detectable gap, never
	// a version marked complete whose data is missing: latest and due first, then the keys, then
	// the mark.
	Apply(ctx context.Context, event msgext.Event, heard time.Time, mark Mark) error

	// MarkSeen notes that a version was accepted by everything configured; it is called after Apply
	// of the same event. Of an unknown message, one that was erased meanwhile, it does nothing, and
	// leaves nothing behind.
	MarkSeen(ctx context.Context, message msgext.Message, version int64) error

	// Doubt notes that something happened to a message that could not be taken in, see
	// Record.Doubt.
	Doubt(ctx context.Context, message msgext.Message, at time.Time, source Source) error

	// Announce notes at a given time that a message exists, and when it is first due for a check if
	// nothing of its own is heard, see Record.Announce.
	Announce(ctx context.Context, message msgext.Message, at, due time.Time) error
}

// Loader loads messages.
type Loader interface {
	// Load returns all that is kept of a message, as of one moment or, where the database has
	// no such thing, at worst with a part of an event that is being applied meanwhile.
	// Its error is ErrNotFound for an unknown message.
	Load(ctx context.Context, message msgext.Message) (Record, error)
}

// Store keeps the state of messages. Every method is safe for concurrent use, honours its
// context, and returns only when what it wrote is durable; after an error the same call may simply
// be made again. The laws of msgext.State hold whatever the interleaving. Times are kept to the
// millisecond.
type Store interface {
	Recorder
	Loader

	// Merge takes in a read, unless another was merged since it began: then nothing is written, and
	// the error is ErrOvertaken. A read that stands already, equal in number and content, is the
	// caller's own retry and no error. An unknown message is created, see Record.Merge.
	Merge(ctx context.Context, message msgext.Message, read msgext.Snapshot) error

	// Due returns a page of the messages of a lane that have been due since before or earlier,
	// those that have waited longest first (roughly, where the database spreads them over
	// partitions), and after a cursor: the zero Cursor, or the Next of the page before. A page
	// holds up to limit heads, which is at least 1.
	//
	// The index behind a lane may lag, but each head is read as it is: one that is not due is left
	// out, whatever the index says, so a page may be empty while More is true. A message that moves
	// into another lane meanwhile may be met in both, or in neither.
	Due(ctx context.Context, lane Lane, before time.Time, after Cursor, limit int) (Page, error)

	// SaveCheck writes the outcome of a check, see Record.SaveCheck. Its error is ErrNotFound for
	// an unknown message.
	SaveCheck(ctx context.Context, message msgext.Message, outcome Outcome) error

	// Drop forgets versions that Chat does not have, unless something was dropped since the message
	// was loaded, and reports whether it did, see Record.Drop. Its error is ErrNotFound for an
	// unknown message.
	Drop(ctx context.Context, message msgext.Message, drop Drop) (bool, error)

	// Sweep removes garbage as msgext.State.Sweep does, unless the message has changed since
	// revision. Only for a message that has been quiet for longer than any delivery can be late.
	// Its error is ErrNotFound for an unknown message.
	Sweep(ctx context.Context, message msgext.Message, revision int64) error

	// Erase erases a message and everything kept of it, unless it has changed since revision, and
	// reports whether it did; of an unknown message, it did not. A store that cannot erase all at
	// once begins by raising the revision and leaving the message due, with a gap: a crash, or an
	// event that comes then, leaves a message that is read back.
	Erase(ctx context.Context, message msgext.Message, revision int64) (bool, error)

	// Forget erases a message and everything kept of it, whatever happens meanwhile. Its error is
	// ErrNotFound where there was nothing to erase.
	Forget(ctx context.Context, message msgext.Message) error

	// Each returns a page of all messages, in an order of the store's own, after a cursor: the zero
	// Cursor, Somewhere, or the Next of the page before. A message that is there throughout is met
	// at least once between the zero Cursor and the end. A page may be empty while More is true.
	Each(ctx context.Context, after Cursor, limit int) (Page, error)

	// Open counts the messages that are not settled, up to limit of each kind, which is at least 1.
	Open(ctx context.Context, limit int) (Counts, error)

	// Close releases the store's connections.
	Close() error
}

// Page is a part of a list of messages.
type Page struct {
	Heads []Head
	Next  Cursor // where the next page begins
	More  bool   // whether to ask for it
}

// Counts says how much is left to do.
type Counts struct {
	// Open and Stuck count the messages of that Standing, as SaveCheck or Drop last left them. What
	// was heard of a message since then, a store may or may not have taken into account.
	Open, Stuck int

	// OldestDue is the earliest Due of any message in the lanes FirstChecks and Retries, the future
	// included; zero where there is none.
	OldestDue time.Time
}
