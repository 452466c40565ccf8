package pgstate

import (
	"cmp"
	"context"
	_ "embed" // for schema.sql
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"msgext/pkg/secret"
	"msgext/pkg/state"
)

// Schema is the SQL that creates the tables and the view message_extensions, and upgrades those of
// an earlier version. Applying it again changes nothing.
//
//go:embed schema.sql
var Schema string

// ApplySchema applies Schema to the database at a URL. Its error wraps ErrURL, or
// state.ErrSchemaNew if the schema there is newer.
func ApplySchema(ctx context.Context, url secret.String) (err error) {
	config, err := parse(url, 1)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return explain(err)
	}
	defer func() { err = cmp.Or(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, Schema)
	const raised = "P0001" // raise_exception, which the schema uses only for this
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == raised {
		return fmt.Errorf("pgstate: %w", state.ErrSchemaNew)
	}
	return explain(err)
}
