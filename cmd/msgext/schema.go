package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

func schemaVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [URL]",
		Short: "Make the tables of a store over PostgreSQL or MySQL, or bring them up to date",
		Long: `Makes the tables that a store over PostgreSQL or MySQL needs, or brings those of an earlier version
up to date. Where they are up to date, it changes nothing. Without URL, MSGEXT_STATE names the
database, so that no password is on the command line.

The same without this tool:
  psql -v ON_ERROR_STOP=1 -f pkg/state/pgstate/schema.sql postgres://…
  cd pkg/state/mysqlstate && cat schema.sql view.sql |
    mysql --default-character-set=utf8mb4 -h HOST -u USER -p DATABASE`,
		Example: `  msgext schema postgres://msgext@db.internal/votes`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			environ := c.environ
			for _, url := range args {
				environ = append(environ[:len(environ):len(environ)], "MSGEXT_STATE="+url)
			}
			view, err := applySchema(command.Context(), environ)
			if err != nil {
				return err
			}
			said := "schema: the tables and the view message_extensions stand"
			if !view {
				said = "schema: the tables stand; the view message_extensions needs MySQL 8.0.4 or MariaDB 10.6"
			}
			_, err = fmt.Fprintln(c.stdout, said)
			return err
		},
	}
}

// applySchema makes the tables in the database that MSGEXT_STATE names. It reports whether the view
// exists as well.
func applySchema(ctx context.Context, environ []string) (view bool, err error) {
	cfg, err := driver.Drivers{Stores: []state.Driver{pgstate.Driver(1), mysqlstate.Driver(1)}}.Load(environ, config.Schema)
	if err != nil {
		return false, err
	}
	if cfg.State.Scheme == "mysql" {
		return mysqlstate.ApplySchema(ctx, cfg.State.URL)
	}
	return true, pgstate.ApplySchema(ctx, cfg.State.URL)
}
