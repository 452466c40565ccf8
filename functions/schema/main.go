// Command schema (scripts/schema-postgres) applies the schema of pkg/state/pgstate to a PostgreSQL database.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/functions/internal/driver"
	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

func main() {
	environ := os.Environ()
	if len(os.Args) > 1 {
		environ = append(environ, "MSGEXT_STATE="+os.Args[1])
	}
	err := apply(context.Background(), environ)
	if wrong := (*config.Error)(nil); errors.As(err, &wrong) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "schema-postgres:", err)
		os.Exit(1)
	}
	fmt.Println("schema-postgres: the tables and the view message_extensions stand")
}

func apply(ctx context.Context, environ []string) (err error) {
	cfg, err := driver.Drivers{Stores: []state.Driver{pgstate.Driver(0)}}.Load(environ, config.Schema)
	if err != nil {
		return err
	}
	pool, err := pgxpool.ParseConfig(cfg.State.URL.Reveal()) // which knows the options of pools, too
	if err != nil {
		return pgstate.ErrURL
	}
	conn, err := pgx.ConnectConfig(ctx, pool.ConnConfig)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, pgstate.Schema)
	return err
}
