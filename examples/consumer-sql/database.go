package main

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"net/url"
	"strings"

	"github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // registers pgx
)

// files are the SQL statements. They can be used from any language.
//
//go:embed *.sql postgres mysql
var files embed.FS

// database is a database with the tables, and the statements for its kind.
type database struct {
	db           *sql.DB
	change, read []string
	// The statements read the event from @event, and do not take it as an argument.
	variable bool
}

// keyValue is a row of the view ext.
type keyValue struct {
	Key   string
	Value string
	Seq   int64
}

// open connects to a database, and creates the tables where they are missing.
func open(ctx context.Context, address string) (*database, error) {
	u, err := url.Parse(address)
	if err != nil {
		// Without its error, which quotes the password.
		return nil, errors.New("the database's URL does not parse")
	}
	d := &database{variable: u.Scheme == "mysql"}
	switch u.Scheme {
	case "postgres":
		d.db, err = sql.Open("pgx", address)
	case "mysql":
		d.db, err = openMySQL(u)
	default:
		return nil, errors.New("the database's URL begins with postgres:// or mysql://")
	}
	if err != nil {
		return nil, err
	}
	d.change, d.read = statements(u.Scheme+"/change.sql"), statements(u.Scheme+"/read.sql")
	if _, err := d.db.ExecContext(ctx, "SELECT 1 FROM ext WHERE message = ''"); err == nil {
		return d, nil
	}
	for _, statement := range statements(u.Scheme + ".sql") {
		if _, err := d.db.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func openMySQL(u *url.URL) (*sql.DB, error) {
	config := mysql.NewConfig() // utf8mb4
	config.User, config.Net, config.Addr, config.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	config.Passwd, _ = u.User.Password()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// statements returns the statements of a file.
func statements(name string) []string {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // cannot happen, because the file is embedded
	}
	return strings.Split(strings.TrimSuffix(strings.TrimSpace(string(content)), ";"), ";\n")
}

// take runs the statements for an event of a kind. The event is durable when take returns nil.
func (d *database) take(ctx context.Context, kind, event string) error {
	list := d.change
	if kind == "repaired" || kind == "gone" {
		list = d.read
	}
	connection, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // this returns it to the pool
	arguments := []any{event}
	if d.variable {
		if _, err := connection.ExecContext(ctx, "SET @event = ?", event); err != nil {
			return err
		}
		arguments = nil
	}
	for _, statement := range list {
		if _, err := connection.ExecContext(ctx, statement, arguments...); err != nil {
			return err
		}
	}
	return nil
}

// all returns the key-values of every message, nil for a message whose key-values are not known.
func (d *database) all(ctx context.Context) (map[string][]keyValue, error) {
	shown, err := d.known(ctx)
	if err != nil {
		return nil, err
	}
	return shown, d.addUnread(ctx, shown)
}

func (d *database) known(ctx context.Context) (shown map[string][]keyValue, err error) {
	rows, err := d.db.QueryContext(ctx, "SELECT * FROM ext")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	shown = make(map[string][]keyValue)
	for rows.Next() {
		var message string
		var kv keyValue
		if err := rows.Scan(&message, &kv.Key, &kv.Value, &kv.Seq); err != nil {
			return nil, err
		}
		shown[message] = append(shown[message], kv)
	}
	return shown, rows.Err()
}

func (d *database) addUnread(ctx context.Context, shown map[string][]keyValue) (err error) {
	rows, err := d.db.QueryContext(ctx, "SELECT message FROM ext_unread")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var message string
		if err := rows.Scan(&message); err != nil {
			return err
		}
		shown[message] = nil
	}
	return rows.Err()
}
