package sqlitestate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"msgext/pkg/state/sqlstate"
)

// ErrClosed is the error of a write after Close.
var ErrClosed = errors.New("sqlitestate: closed")

// maxGroup bounds how many writes share one commit.
const maxGroup = 256

// writer is the one writer of a file. While a commit is being synced the next writes gather,
// and then share the next one: the cost of a sync is paid once for all who wait.
type writer struct {
	requests chan *request
	stopping chan struct{}
	stop     sync.Once
	done     chan struct{}

	conn     *sql.Conn
	prepared map[string]*sql.Stmt // by text; the statements of sqlstate are few
}

// request is one write and its outcome, which is set before answered is closed.
type request struct {
	ctx        context.Context
	statements []sqlstate.Statement
	rows       int64
	err        error
	answered   chan struct{}
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		requests: make(chan *request), stopping: make(chan struct{}), done: make(chan struct{}),
		conn: conn, prepared: make(map[string]*sql.Stmt),
	}
	go w.run()
	return w, nil
}

// write returns once the statements are durable, or have failed. A caller whose context ends
// first does not wait for the outcome.
func (w *writer) write(ctx context.Context, statements []sqlstate.Statement) (int64, error) {
	r := &request{ctx: ctx, statements: statements, answered: make(chan struct{})}
	select {
	case w.requests <- r:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-w.stopping:
		return 0, ErrClosed
	}
	select {
	case <-r.answered:
		return r.rows, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (w *writer) close() {
	w.stop.Do(func() { close(w.stopping) })
	<-w.done
}

func (w *writer) run() {
	defer close(w.done)
	defer func() { _ = w.conn.Close() }() // back to the pool, which is closed next
	for {
		select {
		case first := <-w.requests:
			group := w.gather(first)
			w.commit(group)
			for _, r := range group {
				close(r.answered)
			}
		case <-w.stopping:
			return
		}
	}
}

// gather takes whatever else is waiting.
func (w *writer) gather(first *request) []*request {
	group := []*request{first}
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

// commit writes a group in one transaction. Each request stands in a savepoint, so that one that
// fails takes nobody with it.
func (w *writer) commit(group []*request) {
	ctx := context.Background() // a caller that gives up must not roll its neighbours back
	err := w.exec(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		for _, r := range group {
			w.apply(ctx, r)
		}
		if err = w.exec(ctx, "COMMIT"); err != nil {
			_ = w.exec(ctx, "ROLLBACK") // may have been rolled back already
		}
	}
	if err != nil {
		for _, r := range group {
			r.rows, r.err = 0, fmt.Errorf("sqlitestate: %w", err)
		}
	}
}

func (w *writer) apply(ctx context.Context, r *request) {
	if r.err = r.ctx.Err(); r.err != nil {
		return
	}
	if r.err = w.exec(ctx, "SAVEPOINT request"); r.err != nil {
		return
	}
	for _, statement := range r.statements {
		if r.rows, r.err = w.execute(ctx, statement); r.err != nil {
			r.err = fmt.Errorf("sqlitestate: %w", r.err)
			_ = w.exec(ctx, "ROLLBACK TO request") // where this fails, so does the commit
			break
		}
	}
	if err := w.exec(ctx, "RELEASE request"); err != nil && r.err == nil {
		r.err = fmt.Errorf("sqlitestate: %w", err)
	}
}

func (w *writer) exec(ctx context.Context, text string) error {
	_, err := w.execute(ctx, sqlstate.Statement{SQL: text})
	return err
}

func (w *writer) execute(ctx context.Context, statement sqlstate.Statement) (int64, error) {
	prepared, ok := w.prepared[statement.SQL]
	if !ok {
		var err error
		if prepared, err = w.conn.PrepareContext(ctx, statement.SQL); err != nil {
			return 0, err
		}
		w.prepared[statement.SQL] = prepared
	}
	result, err := prepared.ExecContext(ctx, statement.Args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
