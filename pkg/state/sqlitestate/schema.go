package sqlitestate

import (
	"context"
	"database/sql"
	_ "embed" // for the SQL
	"fmt"

	"msgext/pkg/state"
)

//go:embed schema.sql
var schema string

//go:embed upgrade.sql
var upgrade string

//go:embed views.sql
var views string

// applySchema creates the tables, or upgrades those of an older version of this package. The
// schema's version is the file's user_version (sqlite.org/pragma.html), which version 1 left at 0.
// All of it is one transaction. Its error is state.ErrSchemaNew if a newer version wrote the file.
func applySchema(ctx context.Context, db *sql.DB) (err error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // err is reported
		}
	}()
	var version, tables int
	err = conn.QueryRowContext(ctx, `SELECT (SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema WHERE name = 'msgext_messages')`).Scan(&version, &tables)
	if err != nil {
		return err
	}
	steps := ""
	switch {
	case version > state.Schema:
		return state.ErrSchemaNew
	case version < state.Schema && tables == 0:
		steps = schema + views
	case version < state.Schema:
		steps = upgrade + views
	}
	if steps != "" {
		if _, err := conn.ExecContext(ctx, steps+fmt.Sprintf("PRAGMA user_version = %d;", state.Schema)); err != nil {
			return err
		}
	}
	_, err = conn.ExecContext(ctx, "COMMIT")
	return err
}
