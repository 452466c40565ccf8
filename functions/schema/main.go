// Command schema (scripts/schema) applies the schema of a store over SQL to a PostgreSQL or MySQL database.
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
