package mysqlstate

import (
	"context"
	"database/sql"
	_ "embed" // for the SQL
	"strconv"
	"strings"

	"msgext/pkg/secret"
)

// Schema is the SQL that creates the tables. Applying it again changes nothing.
//
//go:embed schema.sql
var Schema string

// View is the SQL that creates the view message_extensions, for a server that has JSON_TABLE.
//
//go:embed view.sql
var View string

// ApplySchema creates the tables in the database at a URL, and the view if the server supports it.
// view reports whether it did. Applying it again changes nothing. Its error is ErrURL, or
// state.ErrSchemaNew if the schema there is newer.
func ApplySchema(ctx context.Context, url secret.String) (view bool, err error) {
	d, err := open(url, 1)
	if err != nil {
		return false, err
	}
	defer func() { _ = d.Close() }()
	var version string
	if err := d.pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&version); err != nil {
		return false, explain(err)
	}
	view = hasJSONTable(version)
	return view, d.onConnection(ctx, func(error) bool { return true }, func(ctx context.Context, conn *sqlConn) error {
		return apply(ctx, conn.conn, view)
	})
}

func apply(ctx context.Context, conn *sql.Conn, view bool) error {
	if _, err := conn.ExecContext(ctx, Schema); err != nil {
		return err
	}
	if !view {
		return nil
	}
	_, err := conn.ExecContext(ctx, View)
	return err
}

// hasJSONTable reports whether a server has JSON_TABLE, from the result of VERSION(): "8.0.36",
// "10.11.6-MariaDB-log".
func hasJSONTable(version string) bool {
	first := []int{8, 0, 4}
	if strings.Contains(strings.ToLower(version), "mariadb") {
		first = []int{10, 6, 1}
	}
	number, _, _ := strings.Cut(version, "-")
	for i, part := range strings.Split(number, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || i == len(first) {
			break
		}
		if n != first[i] {
			return n > first[i]
		}
	}
	return true
}
