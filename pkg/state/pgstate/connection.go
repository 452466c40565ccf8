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

// pingSuspects makes a pool reuse its connections by the rules of package outbound. pgxpool's own
// ping has no time-out, and measures idle time by a clock that stands still while a sandbox is
// frozen.
func pingSuspects(config *pgxpool.Config, pinger *outbound.Pinger) {
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = pgconn.DialFunc(pinger.Dial(outbound.Dial(dial)))
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.PrepareConn = func(ctx context.Context, conn *pgx.Conn) (bool, error) {
		err := pinger.Check(ctx, conn.PgConn().Conn(), conn.Ping)
		return err == nil, ctx.Err()
	}
}

// retries is how often and when a transaction that a server has ended is sent again, on another
// connection. The first retry is at once, because a server that restarts or has failed over to a
// standby is soon available.
var retries = outbound.Policy{Tries: 4, First: 20 * time.Millisecond}

// send sends the statements that fill queues, which are one transaction. If the server has ended it
// and mayRepeat returns true, send sends them again. Every statement may arrive twice.
func (d *database) send(ctx context.Context, mayRepeat func(error) bool, fill func(*pgx.Batch)) error {
	return retries.Do(ctx, func(ctx context.Context) error {
		err := d.sendOnce(ctx, fill)
		if err != nil && isEnded(err) && ctx.Err() == nil && mayRepeat(err) {
			if !isLockTimeout(err) {
				d.pinger.Suspect()
			}
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
		// Released here, because the pool's own hook runs in another goroutine, which the next
		// acquire does not wait for.
		d.pinger.Release(conn.Conn().PgConn().Conn())
		conn.Release()
	}()
	batch := &pgx.Batch{}
	fill(batch)
	return conn.SendBatch(ctx, batch).Close()
}

// isEnded reports whether a connection or a transaction was ended for a reason that another try may
// avoid: a server that stops, starts or fails over, a lost connection, a deadlock, a lock time-out
// (postgresql.org/docs/15/errcodes-appendix.html).
func isEnded(err error) bool {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch server.Code {
		case "57P01", "57P02", "57P03", "25006", // stopped, crashed, starting; read-only
			"40001", "40P01", lockTimeout: // serialization, deadlock
			return true
		}
		return strings.HasPrefix(server.Code, "08")
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return !connecting && isLost(err)
}

const lockTimeout = "55P03"

// isLockTimeout reports whether a lock was waited for longer than lock_timeout allows.
func isLockTimeout(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.Code == lockTimeout
}

// isLost reports whether an error that is not a server's means a lost connection.
func isLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
