package pgstate

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/internal/outbound"
)

// doubting has a pool take up its connections by the rules of package outbound. pgxpool's own ping
// has no time-out, and counts idle time by a clock that stands still while a sandbox is frozen.
func doubting(config *pgxpool.Config, pinger *outbound.Pinger) {
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = pgconn.DialFunc(pinger.Dial(outbound.Dial(dial)))
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
		err := pinger.Check(ctx, conn.PgConn().Conn(), conn.Ping)
		return err == nil, ctx.Err()
	}
}

// retries is how a transaction is sent again that a server has ended: on another connection, and at
// once, because one that restarts or has handed over to a standby is soon there.
var retries = outbound.Policy{Tries: 4, First: 20 * time.Millisecond}

// send sends the statements that fill queues in one transaction, BEGIN included, and commits it. It
// sends them again, every one of them may arrive twice, while the server has ended the transaction
// and mayRepeat says so.
func (d *database) send(ctx context.Context, mayRepeat func() bool, fill func(*pgx.Batch)) error {
	return retries.Do(ctx, func(ctx context.Context) error {
		err := d.sendOnce(ctx, fill)
		if err != nil && isEnded(err) && ctx.Err() == nil && mayRepeat() {
			d.pinger.Suspect()
			return outbound.Again(explain(err), 0)
		}
		return explain(err)
	})
}

func (d *database) sendOnce(ctx context.Context, fill func(*pgx.Batch)) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer func() {
		d.pinger.Release(conn.Conn().PgConn().Conn()) // here, because the pool's own hook is another goroutine, for which the next one would not wait
		conn.Release()
	}()
	batch := &pgx.Batch{}
	fill(batch)
	batch.Queue("COMMIT")
	return conn.SendBatch(ctx, batch).Close()
}

// isEnded reports whether a connection or a transaction was ended for a reason that another one
// need not meet: a server that stops, starts or hands over, a lost connection, a deadlock
// (postgresql.org/docs/15/errcodes-appendix.html).
func isEnded(err error) bool {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch server.Code {
		case "57P01", "57P02", "57P03", "25006", "40001", "40P01": // stopped, crashed, starting; read-only; serialization, deadlock
			return true
		}
		return strings.HasPrefix(server.Code, "08")
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && isLost(err)
}

// isLost reports whether an error of no server is that of a connection.
func isLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
