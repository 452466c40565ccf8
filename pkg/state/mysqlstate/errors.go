package mysqlstate

import (
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/go-sql-driver/mysql"

	"msgext/pkg/state"
)

var (
	// ErrSchema is every call's error if the schema is missing or of an earlier version.
	ErrSchema = fmt.Errorf("mysqlstate: tables are missing or out of date, apply the schema with scripts/schema: %w", state.ErrSchemaOld)

	// ErrNoTLS is the error for a server without TLS, unless its URL has tls=false.
	ErrNoTLS = errors.New("mysqlstate: the server has no TLS; with ?tls=false, passwords and what people wrote travel unencrypted")

	// ErrCertificate is the error for a server whose certificate is not trusted.
	ErrCertificate = errors.New("mysqlstate: the server's certificate is not trusted; ?ca=FILE names its authority, ?tls=skip-verify trusts whoever is there")
)

// Error numbers of a server (dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html,
// mariadb.com/docs/server/reference/error-codes).
const (
	undefinedTable, undefinedColumn, severalRows = 1146, 1054, 1242

	tooManyConnections, accessDenied, databaseDenied, noDatabase, commandDenied = 1040, 1045, 1044, 1049, 1142
	tooLarge, lockTimeout, binlogFormat                                         = 1153, 1205, 1665
)

// meanings are our texts for errors that an operator may see. The server's own texts quote users,
// addresses and stored data.
var meanings = map[uint16]string{
	tooManyConnections: "too many connections",
	accessDenied:       "access denied",
	databaseDenied:     "no access to the database",
	noDatabase:         "no such database",
	commandDenied:      "the user may not do this to the tables",
	tooLarge:           "max_allowed_packet is too small",
	lockTimeout:        "a lock was waited for in vain",
	binlogFormat:       "binlog_format is STATEMENT, which must be ROW or MIXED",
}

// explain returns an error without anything that a log must not contain.
func explain(err error) error {
	server, ok := errors.AsType[*mysql.MySQLError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	network, lost := errors.AsType[*net.OpError](err)
	name, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case err == nil:
		return nil
	case ok && (server.Number == undefinedTable || server.Number == undefinedColumn):
		return ErrSchema
	case ok && server.Number == severalRows: // caused by sqlstate.Newer; no other statement can cause it
		return fmt.Errorf("mysqlstate: %w", state.ErrSchemaNew)
	case ok && meanings[server.Number] != "":
		return fmt.Errorf("mysqlstate: %s (%d)", meanings[server.Number], server.Number)
	case ok:
		return fmt.Errorf("mysqlstate: error %d (%s)", server.Number, server.SQLState[:])
	case errors.Is(err, mysql.ErrNoTLS):
		return ErrNoTLS
	case untrusted:
		return ErrCertificate
	case unresolved:
		return fmt.Errorf("mysqlstate: the host's name: %s", name.Err)
	case lost:
		return fmt.Errorf("mysqlstate: %s: %w", network.Op, network.Err)
	}
	return fmt.Errorf("mysqlstate: %w", err)
}

// isEnded reports whether a connection or a transaction was ended for a reason that another try may
// avoid: a server that stops or fails over, a lost connection, a deadlock.
func isEnded(err error) bool {
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		switch server.Number {
		case 1213, lockTimeout, 3058, // deadlock, lock wait time-out
			1053, 1927, 4031, 1317, // shutdown, killed, idle for too long, interrupted
			1290, 1792, 1836, // read-only, as after a failover
			// A cluster's node that is not ready, a commit that conflicted with another node's.
			1047, 1180:
			return true
		}
		return false
	}
	return isLost(err)
}

// isLockTimeout reports whether a lock was waited for longer than lockWait.
func isLockTimeout(err error) bool {
	server, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && server.Number == lockTimeout
}

// isLost reports whether an error means a lost connection.
func isLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	for _, lost := range []error{driver.ErrBadConn, mysql.ErrInvalidConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.EPIPE} {
		network = network || errors.Is(err, lost)
	}
	return network
}
