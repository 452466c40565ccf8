package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/functions/internal/driver"
	"msgext/functions/internal/entry"
	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/pgstate"
)

// run makes the tables in the database that the argument names, or MSGEXT_STATE, and returns the exit status.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		environ = append(environ, "MSGEXT_STATE="+args[0])
	}
	err := apply(ctx, environ)
	if wrong := (*config.Error)(nil); errors.As(err, &wrong) {
		fmt.Fprintln(stderr, err)
		return entry.ExitConfiguration
	}
	if err != nil {
		fmt.Fprintln(stderr, "schema-postgres:", err)
		return 1
	}
	fmt.Fprintln(stdout, "schema-postgres: the tables and the view message_extensions stand")
	return 0
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
