package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"msgext/internal/sqlstate"
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errors.New("sqlitestate: closed")

// maxGroup is how many writes may share one commit.
const maxGroup = 256

// writer is the only writer of a file. While one commit is being synced, further writes gather and
// then share the next commit. So the cost of a sync is paid once for all writes that wait.
type writer struct {
	requests chan *request
	stopping chan struct{}
	stop     sync.Once
	done     chan struct{}

	conn     *sql.Conn
	files    files
	prepared map[string]*sql.Stmt // by text; the statements of sqlstate are few
}

// request is one write and its outcome, which is set before answered is closed.
type request struct {
	ctx        context.Context
	statements []sqlstate.Statement
	rows       []int64
	err        error
	answered   chan struct{}
}

func newWriter(ctx context.Context, db *sql.DB, files files) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		requests: make(chan *request), stopping: make(chan struct{}), done: make(chan struct{}),
		conn: conn, files: files, prepared: make(map[string]*sql.Stmt),
	}
	go w.run()
	return w, nil
}

// write returns once the statements are durable or have failed. If ctx ends first, it returns
// without waiting for the outcome.
func (w *writer) write(ctx context.Context, statements []sqlstate.Statement) ([]int64, error) {
	r := &request{ctx: ctx, statements: statements, answered: make(chan struct{})}
	select {
	case w.requests <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.stopping:
		return nil, ErrClosed
	}
	select {
	case <-r.answered:
		return r.rows, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *writer) close() {
	w.stop.Do(func() { close(w.stopping) })
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case first := <-w.requests:
			group, err := w.commit([]*request{first}, w.gather)
			if err != nil && !errors.Is(err, errBegin) && !errors.Is(err, ErrFile) && len(group) > 1 {
				w.commitEach(group)
			} else {
				settle(group, err)
			}
		case <-w.stopping:
			return
		}
	}
}

// release returns the connection to the pool after close; the pool is closed next. It closes the
// prepared statements first, because database/sql does not close those of a reserved connection. If
// they stayed open, SQLite would not move its log into the database, and the file alone would be an
// empty database.
func (w *writer) release() {
	for _, statement := range w.prepared {
		_ = statement.Close() // its error does not matter
	}
	_ = w.conn.Close()
}

// gather adds the requests that are waiting.
func (w *writer) gather(group []*request) []*request {
	runtime.Gosched() // callers that have just been answered may have another request
	for len(group) < maxGroup {
		select {
		case r := <-w.requests:
			group = append(group, r)
		default:
			return group
		}
	}
	return group
}

// commitEach makes writes one by one after they failed together, so that a failing write does not
// affect the others.
func (w *writer) commitEach(group []*request) {
	unchanged := func(group []*request) []*request { return group }
	for _, r := range group {
		settle(w.commit([]*request{r}, unchanged))
	}
}

func settle(group []*request, err error) {
	for _, r := range group {
		switch {
		case r.err != nil || err == nil:
		case errors.Is(err, ErrFile):
			r.err = err
		default:
			r.err = fmt.Errorf("sqlitestate: %w", err)
		}
		close(r.answered)
	}
}

// errBegin is commit's error if another process locks the file for too long.
var errBegin = errors.New("begin")

// commit writes a group of requests in one transaction. grow may add requests to the group
// meanwhile. commit returns the whole group.
func (w *writer) commit(group []*request, grow func([]*request) []*request) ([]*request, error) {
	if _, err := w.execute("BEGIN IMMEDIATE"); err != nil {
		return group, fmt.Errorf("%w: %w", errBegin, err)
	}
	var err error
	for i := 0; i < len(group) && err == nil; i++ {
		err = w.apply(group[i])
		if i == len(group)-1 {
			group = grow(group)
		}
	}
	if err == nil {
		_, err = w.execute("COMMIT")
	}
	if err != nil {
		_, _ = w.execute("ROLLBACK") // it may have been rolled back already
		return group, err
	}
	return group, w.files.check() // checked last, because writing to a removed file succeeds
}

func (w *writer) apply(r *request) error {
	if r.err = r.ctx.Err(); r.err != nil {
		return nil // the caller has gone
	}
	r.rows = r.rows[:0]
	for _, statement := range r.statements {
		rows, err := w.execute(statement.SQL, statement.Args...)
		if err != nil {
			return err
		}
		r.rows = append(r.rows, rows)
	}
	return nil
}

// execute has no context: a caller that gives up must not roll back the other writes of the group.
func (w *writer) execute(text string, args ...any) (int64, error) {
	ctx := context.Background()
	prepared, ok := w.prepared[text]
	if !ok {
		var err error
		if prepared, err = w.conn.PrepareContext(ctx, text); err != nil {
			return 0, err
		}
		w.prepared[text] = prepared
	}
	result, err := prepared.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
