package sqlstate

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// Commit runs writes in order, in one transaction, and returns once it is durable. Those of one
// message follow one another, by version. The result is how many rows each statement of each write
// changed. Of statements that were sent as one, each has the number of all of them. Commit locks
// the messages in a fixed order, so that two transactions do not deadlock.
type Commit func(ctx context.Context, writes []Write) (rows [][]int64, err error)

// Bounds: how many transactions run at once, how much one transaction takes at most, and how many
// messages are set apart.
const (
	maxTransactions = 4
	maxWrites       = 64
	maxGroupBytes   = 256 << 10
	maxApart        = 1024
)

// Group lets concurrent writes share transactions. While some transactions run, the next writes
// gather, and all of them together pay once for a transaction, its lock and its sync. Each write
// waits for its own commit. Two transactions never write to the same message at once, because one
// would only wait for the other.
//
// A message that somebody else has locked holds the messages of its group up once. From then on its
// writes are set apart: they share no transaction with another message's, until one is committed.
//
// It is safe for concurrent use.
type Group struct {
	commit Commit

	mu      sync.Mutex
	waiting []*request
	running int             // transactions
	busy    map[string]bool // messages in a running transaction
	apart   map[string]bool // messages whose writes were in a group that failed, and have failed since
}

// request is one write and its outcome, which is set before answered is closed.
type request struct {
	Write
	ctx      context.Context
	bytes    int
	rows     []int64
	err      error
	answered chan struct{}
}

// NewGroup returns a Group that runs its transactions by commit.
func NewGroup(commit Commit) *Group {
	return &Group{commit: commit, busy: make(map[string]bool), apart: make(map[string]bool)}
}

// Write is Database.Write. A caller whose context ends first does not wait for the result.
func (g *Group) Write(ctx context.Context, write Write) ([]int64, error) {
	r := &request{Write: write, ctx: ctx, bytes: size(write.Statements), answered: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, r)
	g.start()
	g.mu.Unlock()
	select {
	case <-r.answered:
		return r.rows, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func size(statements []Statement) (bytes int) {
	for _, statement := range statements {
		for _, argument := range statement.Args {
			switch argument := argument.(type) {
			case string:
				bytes += len(argument)
			case []byte:
				bytes += len(argument)
			}
		}
	}
	return bytes
}

// start begins transactions while more may run and some write waits for no other one.
func (g *Group) start() {
	for g.running < maxTransactions {
		group := g.take()
		if len(group) == 0 {
			return
		}
		g.running++
		go g.run(group)
	}
}

// take removes the next group from the waiting writes.
func (g *Group) take() (group []*request) {
	var left []*request
	bytes := 0
	for _, r := range g.waiting {
		switch {
		case r.ctx.Err() != nil: // its caller no longer waits, so it need not be written
		case g.busy[r.message()] || len(group) > 0 && !g.mayShare(group[0], r) ||
			len(group) == maxWrites || len(group) > 0 && bytes+r.bytes > maxGroupBytes:
			left = append(left, r)
		default:
			group = append(group, r)
			bytes += r.bytes
		}
	}
	g.waiting = left
	slices.SortStableFunc(group, byVersion)
	for _, r := range group {
		g.busy[r.message()] = true
	}
	return group
}

// byVersion orders the writes to a message by version. Versions that come together then follow one
// another, in whatever order their callers came.
func byVersion(a, b *request) int {
	return cmp.Or(bytes.Compare(a.Message, b.Message), cmp.Compare(a.Version, b.Version))
}

func (g *Group) mayShare(first, other *request) bool {
	return first.message() == other.message() || !g.apart[first.message()] && !g.apart[other.message()]
}

func (g *Group) run(group []*request) {
	g.write(group)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	g.start()
}

// write commits a group. If the group fails, each write is committed in a transaction of its own,
// so that one that cannot be written, or has to wait, does not take the others with it.
func (g *Group) write(group []*request) {
	messages := make(map[string][]*request)
	for _, r := range group {
		messages[r.message()] = append(messages[r.message()], r)
	}
	if len(group) > 1 && g.together(group) {
		for message := range messages {
			g.free(message, true)
		}
		return
	}
	if len(messages) > 1 {
		g.setApart(messages)
	}
	var all sync.WaitGroup
	for message, requests := range messages {
		all.Go(func() {
			committed := false
			for _, r := range requests {
				committed = r.commitAlone(g.commit) || committed
			}
			g.free(message, committed)
		})
	}
	all.Wait()
}

// together commits a group in one transaction, and reports whether it did.
func (g *Group) together(group []*request) bool {
	writes := make([]Write, len(group))
	for i, r := range group {
		writes[i] = r.Write
	}
	ctx, cancel := whileAnyWaits(group)
	defer cancel()
	rows, err := g.commit(ctx, writes)
	if err != nil {
		return false
	}
	for i, r := range group {
		r.answer(rows[i], nil)
	}
	return true
}

// setApart sets the messages of a group that failed apart. Which of them made it fail is not known;
// the others are freed when they are committed. While the database is away all groups fail, so that
// there is a bound.
func (g *Group) setApart(messages map[string][]*request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for message := range messages {
		if len(g.apart) < maxApart {
			g.apart[message] = true
		}
	}
}

// free lets the next writes to a message begin.
func (g *Group) free(message string, committed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.busy, message)
	if committed {
		delete(g.apart, message)
	}
	g.start()
}

// commitAlone reports whether the write was committed.
func (r *request) commitAlone(commit Commit) bool {
	if err := r.ctx.Err(); err != nil {
		r.answer(nil, err)
		return false
	}
	rows, err := commit(r.ctx, []Write{r.Write})
	if err != nil {
		r.answer(nil, err)
		return false
	}
	r.answer(rows[0], nil)
	return true
}

func (r *request) answer(rows []int64, err error) {
	r.rows, r.err = rows, err
	close(r.answered)
}

func (r *request) message() string { return string(r.Message) }

// whileAnyWaits returns a context that ends when no caller of a group waits any longer.
func whileAnyWaits(group []*request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(group[0].ctx))
	var left atomic.Int64
	left.Store(int64(len(group)))
	stops := make([]func() bool, len(group))
	for i, r := range group {
		stops[i] = context.AfterFunc(r.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
