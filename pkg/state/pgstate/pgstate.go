// Package pgstate keeps the state of messages in PostgreSQL 12 or later. An event costs one round
// trip, because its transaction travels as one pipeline, BEGIN to COMMIT. The first transaction on
// a new connection costs one more, to prepare the statements. If a connection pooler does not
// support prepared statements, add default_query_exec_mode=exec to the URL.
//
// The store does not create the schema, so its role needs no right to create. Apply Schema once,
// and again after an upgrade, with scripts/schema or psql.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package pgstate

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/internal/outbound"
	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

var (
	// ErrSchema is every call's error if the schema is missing or of an earlier version.
	ErrSchema = fmt.Errorf("pgstate: tables are missing or out of date, apply the schema with scripts/schema: %w", state.ErrSchemaOld)

	// ErrNoTLS is the error for a server without TLS, unless its URL allows clear text.
	ErrNoTLS = errors.New("pgstate: the server has no TLS; sslmode=disable in the URL says in so many words that clear text is meant")

	// ErrCertificate is the error for a server whose certificate is not trusted.
	ErrCertificate = errors.New("pgstate: the server's certificate is not trusted; sslrootcert=FILE in the URL names its authority, sslmode=require trusts whoever is there")
)

// maxConnections is for a process that does several things at once.
const maxConnections = 16

// Store is a state.Store over one database. All SQL stores share the type, so only Open can
// make one.
type Store = sqlstate.Store

// Open returns a Store on the database at a postgres:// URL. It connects when it is first used. Its
// error wraps ErrURL.
func Open(ctx context.Context, url secret.String) (*Store, error) {
	return openStore(ctx, url, maxConnections)
}

func openStore(ctx context.Context, url secret.String, connections int) (*Store, error) {
	database, err := open(ctx, url, connections)
	if err != nil {
		return nil, err
	}
	return sqlstate.New(database, dialect), nil
}

var dialect = sqlstate.Dialect{Greatest: "GREATEST", Least: "LEAST"}

func open(ctx context.Context, url secret.String, connections int) (*database, error) {
	config, err := parse(url, connections)
	if err != nil {
		return nil, err
	}
	d := &database{pinger: outbound.NewPinger(nil)}
	pingSuspects(config, d.pinger)
	d.Group = sqlstate.NewGroup(d.commit)
	if d.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, ErrURL
	}
	return d, nil
}

// database implements sqlstate.Database.
type database struct {
	*sqlstate.Group
	pool   *pgxpool.Pool
	pinger *outbound.Pinger
}

// The beginnings and the end of transactions. The isolation levels are named because a database may
// have other defaults. synchronous_commit is set because a role may have it off, and a commit is
// then not durable. The locks separate writes to one message, even if the message has no row yet.
// They are taken in the order in which they are given.
//
// One query needs no BEGIN: what is sent at once is a transaction, and one query has one snapshot.
// The statement that loads a message is planned once for all messages. To plan it takes as long as
// to run it, and without beforeOne the server would plan it anew for each message that is smaller
// than most.
//
// A client that vanishes within a transaction, with its machine, keeps its locks until the server's
// network time-outs, which may be hours. A transaction of several messages waits for a lock only as
// long as another transaction on a loaded server takes, because sqlstate.Group then tries each
// message alone.
const (
	beginRead  = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	beginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED"
	end        = "COMMIT"
	generic    = "set_config('plan_cache_mode', 'force_generic_plan', true), "
	notNewer   = "SELECT (" + sqlstate.Newer + ")"
	beforeOne  = "SELECT " + generic + "(" + sqlstate.Newer + ")"
	settings   = "SELECT set_config('synchronous_commit', 'on', true), " + generic
	lockOne    = settings + "(" + sqlstate.Newer + "), pg_advisory_xact_lock($1)"
	lockMany   = settings + "(" + sqlstate.Newer + "), set_config('lock_timeout', '250ms', true), (SELECT count(pg_advisory_xact_lock(k)) FROM unnest($1::bigint[]) k)"
)

// commit is the group's sqlstate.Commit.
func (d *database) commit(ctx context.Context, writes []sqlstate.Write) ([][]int64, error) {
	keys := make([]int64, len(writes))
	for i, write := range writes {
		keys[i] = lockOf(write.Message)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	lock, locked := lockMany, any(keys)
	if len(keys) == 1 {
		lock, locked = lockOne, keys[0]
	}
	sent := parts(writes)
	rows := make([][]int64, len(writes))
	for i, write := range writes {
		rows[i] = make([]int64, len(write.Statements))
	}
	mayRepeat := func(err error) bool { return len(keys) == 1 || !isLockTimeout(err) }
	err := d.send(ctx, mayRepeat, func(batch *pgx.Batch) {
		batch.Queue(beginWrite)
		batch.Queue(lock, locked)
		for _, part := range sent {
			sql, arguments := part.statement()
			batch.Queue(sql, arguments...).Exec(func(tag pgconn.CommandTag) error {
				for _, at := range part.places {
					rows[at.Write][at.Statement] = tag.RowsAffected()
				}
				return nil
			})
		}
		batch.Queue(end)
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// lockOf returns the key of the advisory lock of a message.
func lockOf(message []byte) int64 { return int64(binary.BigEndian.Uint64(message)) }

// Read implements sqlstate.Database.
func (d *database) Read(ctx context.Context, queries []sqlstate.Query) error {
	before, after := []string{beginRead, notNewer}, []string{end}
	if len(queries) == 1 {
		before, after = []string{beforeOne}, nil
	}
	given := false // rows that the caller already has cannot be taken back
	return d.send(ctx, func(error) bool { return !given }, func(batch *pgx.Batch) {
		for _, statement := range before {
			batch.Queue(statement)
		}
		for _, query := range queries {
			batch.Queue(placeholders(query.SQL), query.Args...).Query(func(rows pgx.Rows) error {
				for rows.Next() {
					given = true
					if err := query.Row(rows.Scan); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		}
		for _, statement := range after {
			batch.Queue(statement)
		}
	})
}

// Close implements sqlstate.Database.
func (d *database) Close() error {
	d.pool.Close()
	return nil
}

// placeholders changes ?1 to $1. The statements have no other question mark.
func placeholders(sql string) string { return strings.ReplaceAll(sql, "?", "$") }

// explain explains the most common mistake, a missing schema. Of a server's error it keeps only
// message and code, because the detail quotes rows.
func explain(err error) error {
	const undefinedTable, undefinedColumn, severalRows = "42P01", "42703", "21000" // postgresql.org/docs/15/errcodes-appendix.html
	server, ok := errors.AsType[*pgconn.PgError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	failed, unconnected := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case err == nil:
		return nil
	case untrusted:
		return ErrCertificate
	case unconnected && strings.Contains(failed.Error(), "server refused TLS connection"):
		return ErrNoTLS
	case ok && (server.Code == undefinedTable || server.Code == undefinedColumn):
		return ErrSchema
	case ok && server.Code == severalRows: // caused by sqlstate.Newer; an upsert has no row twice, see part
		return fmt.Errorf("pgstate: %w", state.ErrSchemaNew)
	case ok:
		return fmt.Errorf("pgstate: %s (%s)", said(server), server.Code)
	}
	return fmt.Errorf("pgstate: %w", outbound.WithoutAddress(withoutPlace(err)))
}

// said returns a server's message without the names of users, databases and hosts, which it quotes.
// Those of our own tables stay. The classes are those of
// postgresql.org/docs/18/errcodes-appendix.html.
func said(server *pgconn.PgError) string {
	switch server.Code[:min(2, len(server.Code))] {
	case "28":
		return "the server refuses the user or the password, or lets nobody in from here"
	case "3D":
		return "there is no such database"
	}
	return quoted.ReplaceAllStringFunc(server.Message, func(name string) string {
		if strings.HasPrefix(name, `"msgext_`) || strings.HasPrefix(name, `"message_extensions`) {
			return name
		}
		return `"…"`
	})
}

var quoted = regexp.MustCompile(`"[^"]*"`)

// withoutPlace removes user, database and host from the client's error for a connection that
// failed.
func withoutPlace(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	if cause := outbound.WithoutAddress(failed.Unwrap()); cause.Error() != failed.Unwrap().Error() {
		return fmt.Errorf("connect: %w", cause)
	}
	return errConnect
}

var errConnect = errors.New("connect: the server did not take the connection")
