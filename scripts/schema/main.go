// Command schema applies the schema of pkg/state/pgstate to a PostgreSQL database.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"

	"msgext/pkg/state/pgstate"
)

func main() {
	url := os.Getenv("MSGEXT_STATE")
	if len(os.Args) > 1 {
		url = os.Args[1]
	}
	if err := apply(context.Background(), url); err != nil {
		fmt.Fprintln(os.Stderr, "schema-postgres:", err)
		os.Exit(1)
	}
	fmt.Println("schema-postgres: the tables and the view message_extensions stand")
}

func apply(ctx context.Context, url string) (err error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || url == "" {
		return errors.New("give a postgres:// URL as the argument or in MSGEXT_STATE") // the cause would quote it
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, pgstate.Schema)
	return err
}
