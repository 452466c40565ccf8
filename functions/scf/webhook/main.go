// Command webhook is the SCF function behind the URL in the Chat console. It accepts the events of
// a function URL and of an API gateway.
package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"msgext/functions/internal/wire"
	"msgext/functions/scf/internal/start"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/basesinks"
	"msgext/internal/driver/scfstores"
	"msgext/internal/entry"
	"msgext/internal/metric"
	"msgext/pkg/gateway/scfgw"
)

func main() {
	entry.Function()
	started := time.Now()
	logger := entry.CloudLogger(os.Stdout)
	drivers := driver.Drivers{Stores: scfstores.List(1), Sinks: basesinks.List(os.Stdout, nil)}
	start.Function(start.Lazy(func() (start.Handler, error) {
		cfg, connections, err := drivers.LoadAndOpen(context.Background(), os.Environ(), config.Webhook)
		if err != nil {
			return nil, err
		}
		rc, err := wire.Receiver(cfg, connections, logger, metric.Plain, started)
		return scfgw.New(rc, http.HandlerFunc(rc.Malformed)), err
	}, func(err error) start.Handler {
		unready := wire.Unready(os.Environ(), logger, metric.Plain)
		return scfgw.New(unready.NotReady(err), http.HandlerFunc(unready.Malformed))
	}))
}
