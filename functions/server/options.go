package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"time"

	"msgext/internal/config"
)

// maxProxies is more than anybody has, and is too small to be a port by mistake.
const maxProxies = 9

// options is the parsed command line.
type options struct {
	address     string
	admin       string // "" for none
	proxies     int
	maxRequests int
	repairEvery time.Duration
	// The platform starts the process for a request, and freezes it after each one.
	onDemand bool
	started  time.Time // when the process started; zero unless onDemand
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.address, "addr", "127.0.0.1:8080", "address to serve on; :8080 is every address of the machine")
	flags.StringVar(&o.admin, "admin-addr", "127.0.0.1:9090", "address of /healthz, /readyz and /metrics; none when empty")
	flags.IntVar(&o.proxies, "proxies", 0, "how many proxies are in front, 0 to 9; each must append its peer's address to X-Forwarded-For; for MSGEXT_ALLOW_FROM")
	flags.IntVar(&o.maxRequests, "max-requests", 256, "how many requests are handled at once")
	flags.DurationVar(&o.repairEvery, "repair-every", time.Minute, "how often to repair, 1s to 1h")
	flags.BoolVar(&o.onDemand, "on-demand", false, "for a function that the platform starts for a request and freezes after it: nothing is repaired here")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	err := errors.Join(o.check(), unexpected(flags.Args()))
	if o.onDemand {
		o.repairEvery = 0
	}
	return o, err
}

// checkChat refuses the admin's key for a function that does not need it, as for every other
// function that takes webhooks.
func (o options) checkChat(cfg config.Config) []config.Problem {
	if o.onDemand && cfg.Chat.SecretKey != "" {
		return []config.Problem{{Variable: "MSGEXT_CHAT_SECRET_KEY", Problem: "must not reach a server that is started on demand: it repairs nothing"}}
	}
	return nil
}

func (o options) check() error {
	switch {
	case !isAddress(o.address):
		return errors.New("server: -addr: not of the form 127.0.0.1:8080 or :8080")
	case o.admin != "" && !isAddress(o.admin):
		return errors.New("server: -admin-addr: not of the form 127.0.0.1:9090 or :9090")
	case o.proxies < 0 || o.proxies > maxProxies:
		return fmt.Errorf("server: -proxies: not 0 to %d", maxProxies)
	case o.maxRequests < 1 || o.maxRequests > 100_000:
		return errors.New("server: -max-requests: not 1 to 100000")
	case o.repairEvery < time.Second || o.repairEvery > time.Hour:
		return errors.New("server: -repair-every: not 1s to 1h")
	}
	return nil
}

func unexpected(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("server: unexpected argument %q", args[0])
	}
	return nil
}

func isAddress(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port != ""
}
