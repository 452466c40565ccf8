package sqlstate

import (
	"context"
	"sync"
	"sync/atomic"
)

// Write holds the statements of one write to a message. The message is named by its digest.
type Write struct {
	Message    []byte
	Statements []Statement
}

// Commit runs writes in order, in one transaction, and returns once it is durable. The result is
// how many rows each statement of each write changed. It locks the messages in a fixed order, so
// that two transactions do not deadlock.
type Commit func(ctx context.Context, writes []Write) (rows [][]int64, err error)

// Bounds: how many transactions run at once, and how much one transaction takes at most.
const (
	maxTransactions = 4
	maxWrites       = 64
	maxGroupBytes   = 256 << 10
)

// Group lets concurrent writes share transactions. While some transactions run, the next writes
// gather, and all of them together pay once for a transaction, its lock and its sync. Each write
// waits for its own commit. Two transactions never write to the same message at once, because one
// would only wait for the other. It is safe for concurrent use.
type Group struct {
	commit Commit

	mu      sync.Mutex
	waiting []*request
	running int             // transactions
	busy    map[string]bool // messages in a running transaction
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
	return &Group{commit: commit, busy: make(map[string]bool)}
}

// Write is Database.Write. A caller whose context ends first does not wait for the result.
func (g *Group) Write(ctx context.Context, message []byte, statements []Statement) ([]int64, error) {
	r := &request{Write: Write{message, statements}, ctx: ctx, bytes: size(statements), answered: make(chan struct{})}
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
		case g.busy[string(r.Message)] || len(group) == maxWrites || len(group) > 0 && bytes+r.bytes > maxGroupBytes:
			left = append(left, r)
		default:
			group = append(group, r)
			bytes += r.bytes
		}
	}
	g.waiting = left
	for _, r := range group {
		g.busy[string(r.Message)] = true
	}
	return group
}

func (g *Group) run(group []*request) {
	g.write(group)
	for _, r := range group {
		close(r.answered)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range group {
		delete(g.busy, string(r.Message))
	}
	g.running--
	g.start()
}

// write commits a group. If the group fails, each write is committed in a transaction of its own,
// so that one that cannot be written does not fail the others.
func (g *Group) write(group []*request) {
	if len(group) == 1 {
		group[0].commitAlone(g.commit)
		return
	}
	writes := make([]Write, len(group))
	for i, r := range group {
		writes[i] = r.Write
	}
	ctx, cancel := whileAnyWaits(group)
	defer cancel()
	rows, err := g.commit(ctx, writes)
	if err == nil {
		for i, r := range group {
			r.rows = rows[i]
		}
		return
	}
	var all sync.WaitGroup
	for _, r := range group {
		all.Go(func() { r.commitAlone(g.commit) })
	}
	all.Wait()
}

func (r *request) commitAlone(commit Commit) {
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	rows, err := commit(r.ctx, []Write{r.Write})
	if r.err = err; err == nil {
		r.rows = rows[0]
	}
}

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
