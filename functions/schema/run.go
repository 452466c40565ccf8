package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"msgext/functions/internal/driver"
	"msgext/functions/internal/entry"
	"msgext/internal/config"
	"msgext/pkg/state"
	"msgext/pkg/state/mysqlstate"
	"msgext/pkg/state/pgstate"
)

// run makes the tables in the database that the argument names, or MSGEXT_STATE, and returns the exit status.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		environ = append(environ, "MSGEXT_STATE="+args[0])
	}
	view, err := apply(ctx, environ)
	if wrong := (*config.Error)(nil); errors.As(err, &wrong) {
		fmt.Fprintln(stderr, err)
		return entry.ExitConfiguration
	}
	if err != nil {
		fmt.Fprintln(stderr, "schema:", err)
		return 1
	}
	if !view {
		fmt.Fprintln(stdout, "schema: the tables stand; the view message_extensions needs MySQL 8.0.4 or MariaDB 10.6")
		return 0
	}
	fmt.Fprintln(stdout, "schema: the tables and the view message_extensions stand")
	return 0
}

// apply reports whether the view stands, too.
func apply(ctx context.Context, environ []string) (view bool, err error) {
	cfg, err := driver.Drivers{Stores: []state.Driver{pgstate.Driver(1), mysqlstate.Driver(1)}}.Load(environ, config.Schema)
	if err != nil {
		return false, err
	}
	if cfg.State.Scheme == "mysql" {
		return mysqlstate.ApplySchema(ctx, cfg.State.URL)
	}
	return true, pgstate.ApplySchema(ctx, cfg.State.URL)
}
