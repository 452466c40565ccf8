// Package mysqlstate keeps the state of messages in MySQL 8.0.4 or later, or MariaDB 10.6 or later.
// An older server gets no view message_extensions. An event costs one round trip, because its
// transaction travels as one packet of several statements.
//
// The server's settings decide whether a commit is durable: unless innodb_flush_log_at_trx_commit=1
// it can lose what it acknowledged. Durability reports this.
//
// The store does not create the schema, so its user needs no right to create. Apply the schema
// once, and again after an upgrade, with scripts/schema or the client mysql.
//
// It is for programs that build a receiver, a repairer or a reader over this store. Its API is v0:
// it may change with any release.
package mysqlstate

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"msgext/internal/outbound"
	"msgext/internal/sqlstate"
	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// maxConnections is for a process that does several things at once.
const maxConnections = 16

// Store is a state.Store that can report what its server may lose.
type Store struct {
	*sqlstate.Store
	database *database
}

var _ state.Settable = (*Store)(nil)

// Open returns a Store on the database at a mysql:// URL. It connects when it is first used. Its
// error wraps ErrURL.
//
//	mysql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE
//
// The port is 3306 unless given. The connection is TLS, and the server's certificate verified,
// unless the host is this machine; the options are
//
//	tls=true|false|skip-verify   true for every host but a loopback address; skip-verify proves nothing about who is there
//	ca=FILE                      the authorities that may have signed the certificate, in PEM, in place of the system's
//	pool_max_conns=N             how many connections there are at most; 16
func Open(url secret.String) (*Store, error) { return openStore(url, maxConnections) }

func openStore(url secret.String, connections int) (*Store, error) {
	database, err := open(url, connections)
	if err != nil {
		return nil, err
	}
	return &Store{sqlstate.New(database, dialect), database}, nil
}

var dialect = sqlstate.Dialect{Greatest: "GREATEST", Least: "LEAST", Integer: "SIGNED", Nothing: "FROM DUAL", OnDuplicateKey: true, TwoSteps: true}

func open(url secret.String, connections int) (*database, error) {
	options, err := parse(url, connections)
	if err != nil {
		return nil, err
	}
	c, err := newConnector(options.config)
	if err != nil {
		return nil, ErrURL
	}
	pool := sql.OpenDB(c)
	pool.SetMaxOpenConns(options.connections)
	pool.SetMaxIdleConns(options.connections)
	pool.SetConnMaxIdleTime(maxIdle)
	d := &database{pool: pool, pinger: c.pinger}
	d.Group = sqlstate.NewGroup(d.commit)
	return d, nil
}

// maxIdle is how long an unused connection is kept, because a server has a limited number of them.
const maxIdle = 30 * time.Minute

// database implements sqlstate.Database.
type database struct {
	*sqlstate.Group
	pool   *sql.DB
	pinger *outbound.Pinger
}

// The beginnings of transactions. The isolation levels are named because a server may have other
// defaults. A snapshot is taken at the start, not with the first query.
const (
	beginRead  = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSTART TRANSACTION WITH CONSISTENT SNAPSHOT;\nSELECT (" + sqlstate.Newer + ");\n"
	beginWrite = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\nSTART TRANSACTION;\nUPDATE msgext_locks SET n = n WHERE n IN (?%s) AND 1 = (" + sqlstate.Newer + ");\n"
	before     = 3    // statements in beginWrite
	locks      = 4096 // rows in msgext_locks, which are locked in order of number
)

func writing(writes []sqlstate.Write, order []sqlstate.Place) *script {
	numbers := make([]any, len(writes))
	for i, write := range writes {
		numbers[i] = lockOf(write.Message)
	}
	text := newScript(fmt.Sprintf(beginWrite, strings.Repeat(", ?", len(numbers)-1)), numbers...)
	for i, at := range order {
		if i+1 < len(order) && isAnswered(writes, at, order[i+1]) {
			text.skip()
		} else {
			text.add(writes[at.Write].Statements[at.Statement])
		}
	}
	return text
}

// isAnswered reports whether a statement need not be sent, because the next one answers for it, see
// sqlstate.Write.Once.
func isAnswered(writes []sqlstate.Write, at, next sqlstate.Place) bool {
	write, later := writes[at.Write], writes[next.Write]
	sql := write.Statements[at.Statement].SQL
	return sql == write.Once && sql == later.Statements[next.Statement].SQL && bytes.Equal(write.Message, later.Message)
}

// lockOf returns the number of the row that a write to a message locks.
func lockOf(message []byte) int64 { return int64(binary.BigEndian.Uint16(message) % locks) }

func reading(queries []sqlstate.Query) *script {
	text := newScript(beginRead)
	for _, query := range queries {
		text.add(query.Statement)
	}
	return text
}

// commit is the group's sqlstate.Commit.
func (d *database) commit(ctx context.Context, writes []sqlstate.Write) (rows [][]int64, err error) {
	order := sqlstate.Ordered(writes)
	text := writing(writes, order)
	sql, args, err := text.end()
	if err != nil {
		return nil, err
	}
	var changed []int64
	several := slices.ContainsFunc(writes[1:], func(w sqlstate.Write) bool { return !bytes.Equal(w.Message, writes[0].Message) })
	// sqlstate.Group then tries each message alone.
	mayRepeat := func(err error) bool { return !several || !isLockTimeout(err) }
	err = d.onConnection(ctx, mayRepeat, func(ctx context.Context, conn *sqlConn) error {
		changed, err = conn.exec(ctx, sql, args)
		return err
	})
	if err == nil {
		changed, err = text.rows(changed)
	}
	if err != nil {
		return nil, err
	}
	rows = make([][]int64, len(writes))
	for i, write := range writes {
		rows[i] = make([]int64, len(write.Statements))
	}
	for i, at := range order {
		rows[at.Write][at.Statement] = changed[i]
	}
	return rows, nil
}

// errAnswer is the error if a server, or a proxy before it, answers to other statements than it was
// sent.
var errAnswer = errors.New("mysqlstate: the server's answer is not that of so many statements")

// Read implements sqlstate.Database.
func (d *database) Read(ctx context.Context, queries []sqlstate.Query) error {
	sql, args, err := reading(queries).end()
	if err != nil {
		return err
	}
	given := false // rows that the caller already has cannot be taken back
	mayRepeat := func(error) bool { return !given }
	return d.onConnection(ctx, mayRepeat, func(ctx context.Context, conn *sqlConn) error {
		rows, err := conn.query(ctx, sql, args)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err returns the same error
		// The rows of sqlstate.Newer are read although they are not used: if the server sends an
		// error instead and nothing reads it, the driver waits forever.
		for rows.Next() {
		}
		for _, query := range queries {
			if !rows.NextResultSet() {
				return cmp.Or(rows.Err(), errAnswer)
			}
			for rows.Next() {
				given = true
				if err := query.Row(rows.Scan); err != nil {
					return err
				}
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		for rows.NextResultSet() { // COMMIT has no rows
		}
		return rows.Err()
	})
}

// Close implements sqlstate.Database.
func (d *database) Close() error { return d.pool.Close() }

// Durability implements state.Settable.
func (s *Store) Durability(ctx context.Context) (state.Durability, error) {
	var flush, sync int
	var binlog bool
	err := s.database.pool.QueryRowContext(ctx, "SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin").Scan(&flush, &sync, &binlog)
	switch {
	case err != nil:
		return "", explain(err)
	case flush != 1:
		return state.Durability(fmt.Sprintf("innodb_flush_log_at_trx_commit is %d: a crash of the machine loses up to a second of what was acknowledged", flush)), nil
	case binlog && sync != 1:
		return state.Durability(fmt.Sprintf("sync_binlog is %d: a crash of the machine may leave replicas, and who takes over, without what was acknowledged", sync)), nil
	}
	return state.Durable, nil
}

var (
	_ driver.Connector = (*connector)(nil)
	_ mysql.Result     = mysql.Result(nil)
)
