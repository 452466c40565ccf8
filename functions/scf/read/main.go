// Command read is the SCF function that answers with one message's key-values. It accepts the
// events of a function URL and of an API gateway.
package main

import (
	"context"
	"net/http"
	"os"

	"msgext/functions/internal/readwire"
	"msgext/functions/scf/internal/start"
	"msgext/internal/driver/scfstores"
	"msgext/internal/entry"
	"msgext/pkg/gateway/scfgw"
	"msgext/pkg/reader"
)

func main() {
	entry.Function()
	logger := entry.CloudLogger(os.Stdout)
	malformed := http.HandlerFunc(reader.Malformed)
	start.Function(start.Lazy(func() (start.Handler, error) {
		reading, err := readwire.Function(context.Background(), os.Environ(), scfstores.List(1), logger)
		if err != nil {
			return nil, err
		}
		return scfgw.New(reading, malformed), nil
	}, func(err error) start.Handler { return scfgw.New(reader.NotReady(err, logger), malformed) }))
}
