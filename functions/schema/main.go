// Command schema (scripts/schema-postgres) applies the schema of pkg/state/pgstate to a PostgreSQL database.
package main

import (
	"context"
	"os"

	"msgext/functions/internal/entry"
)

func main() {
	entry.Version()
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}
