package mysqlstate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"

	"msgext/internal/outbound"
)

// connector makes connections. database/sql reuses them by the rules of package outbound.
type connector struct {
	driver.Connector
	pinger *outbound.Pinger
}

// dialled is the context key under which the dialer stores the socket of a new connection.
type dialled struct{}

func newConnector(config *mysql.Config) (*connector, error) {
	c := &connector{pinger: outbound.NewPinger(nil)}
	dial := c.pinger.Dial(new(net.Dialer).DialContext)
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		socket, err := dial(ctx, network, address)
		if place, ok := ctx.Value(dialled{}).(*net.Conn); ok {
			*place = socket
		}
		return socket, err
	}
	var err error
	c.Connector, err = mysql.NewConnector(config)
	return c, err
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	var socket net.Conn
	made, err := c.Connector.Connect(context.WithValue(ctx, dialled{}, &socket))
	if err != nil {
		return nil, err
	}
	return &conn{made.(driverConn), socket, c.pinger}, nil
}

// driverConn has the interfaces of the driver's connections.
type driverConn interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is a connection that is checked before reuse after it was idle.
type conn struct {
	driverConn
	socket net.Conn
	pinger *outbound.Pinger
}

// ResetSession implements driver.SessionResetter. database/sql calls it before it reuses a
// connection, and takes another one if the error is ErrBadConn.
func (c *conn) ResetSession(ctx context.Context) error {
	if err := c.driverConn.ResetSession(ctx); err != nil {
		return err
	}
	if err := c.pinger.Check(ctx, c.socket, c.Ping); err != nil {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid implements driver.Validator. database/sql calls it when it returns a connection to the
// pool.
func (c *conn) IsValid() bool {
	c.pinger.Release(c.socket)
	return c.driverConn.IsValid()
}

// retries is how often and when a transaction that the server has ended is sent again, on another
// connection.
var retries = outbound.Policy{Tries: 4, First: 20 * time.Millisecond}

// onConnection makes an attempt on a connection, and another one on another connection if the
// server has ended the transaction and mayRepeat returns true. Every statement may arrive twice. A
// connection on which an attempt failed may still be within a transaction, and is closed.
func (d *database) onConnection(ctx context.Context, mayRepeat func(error) bool, attempt func(context.Context, *sqlConn) error) error {
	return retries.Do(ctx, func(ctx context.Context) error {
		c, err := d.pool.Conn(ctx)
		if err != nil {
			return explain(err)
		}
		err = attempt(ctx, &sqlConn{c})
		if err != nil {
			_ = c.Raw(func(any) error { return driver.ErrBadConn }) // this closes it
		}
		_ = c.Close() // returns it to the pool, unless it is closed
		if err != nil && isEnded(err) && ctx.Err() == nil && mayRepeat(err) {
			if isLost(err) {
				d.pinger.Suspect()
			}
			return outbound.Again(explain(err), 0)
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // the driver's own error only says that the connection is closed
		}
		return explain(err)
	})
}

// sqlConn is a connection of the pool.
type sqlConn struct{ conn *sql.Conn }

// exec returns how many rows each statement of a text changed.
func (c *sqlConn) exec(ctx context.Context, text string, arguments []driver.NamedValue) (rows []int64, err error) {
	err = c.conn.Raw(func(raw any) error {
		result, err := raw.(driver.ExecerContext).ExecContext(ctx, text, arguments)
		if err == nil {
			rows = result.(mysql.Result).AllRowsAffected()
		}
		return err
	})
	return rows, err
}

func (c *sqlConn) query(ctx context.Context, text string, arguments []driver.NamedValue) (*sql.Rows, error) {
	values := make([]any, len(arguments))
	for i, argument := range arguments {
		values[i] = argument.Value
	}
	return c.conn.QueryContext(ctx, text, values...)
}
