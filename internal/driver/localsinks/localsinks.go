// Package localsinks lists the sinks that need no client library.
package localsinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/pkg/sink"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/stdoutsink"
)

// List returns their drivers. The stdout: sink writes to stdout.
func List(stdout io.Writer) []driver.Sink {
	return []driver.Sink{
		writer(stdout),
		http(),
	}
}

func writer(stdout io.Writer) driver.Sink {
	return driver.Sink{
		Schemes: []string{"stdout"},
		Check: func(_ config.Config, location config.Location) error {
			if location.Place() != "" {
				return errors.New("stdout: takes nothing after the colon")
			}
			return nil
		},
		Open: func(context.Context, config.Config, config.Location) (sink.Sink, error) {
			return stdoutsink.New(stdout), nil
		},
	}
}

// http has two schemes. httpsink takes care that http: reaches loopback only, unless other hosts
// are allowed.
func http() driver.Sink {
	options := func(cfg config.Config, location config.Location) httpsink.Options {
		return httpsink.Options{URL: location.URL, AllowLinkLocal: cfg.HTTP.AllowLinkLocal, AllowPlain: cfg.HTTP.AllowPlain}
	}
	return driver.Sink{
		Schemes: []string{"http", "https"},
		Check: func(cfg config.Config, location config.Location) error {
			target, err := url.Parse(location.URL.Reveal())
			if err == nil && isQueueHost(target.Hostname()) {
				return errQueue
			}
			_, err = httpsink.New(options(cfg, location))
			return err
		},
		Settings: func(cfg config.Config) []config.Problem {
			return append(checkSecrets(cfg), checkHeaders(cfg)...)
		},
		Open: func(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
			o := options(cfg, location)
			o.Secrets = cfg.HTTP.Secrets
			for _, h := range cfg.HTTP.Headers {
				if leadsTo(location, h.Host) {
					o.Headers = append(o.Headers, httpsink.Header{Name: h.Name, Value: h.Value})
				}
			}
			return httpsink.New(o)
		},
	}
}

// isQueueHost finds the hosts of SQS, such as sqs.REGION.amazonaws.com and the older
// REGION.queue.amazonaws.com. They take requests that are signed with AWS credentials alone.
func isQueueHost(host string) bool {
	name, found := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com")
	first, second, isPair := strings.Cut(name, ".")
	return found && isPair && (first == "sqs" || first == "queue" || second == "queue")
}

var errQueue = errors.New("is the URL of an SQS queue: write sqs:// and the queue's name")

func checkSecrets(cfg config.Config) []config.Problem {
	for _, s := range cfg.HTTP.Secrets {
		if err := httpsink.CheckSecret(s); err != nil {
			return []config.Problem{{Variable: "MSGEXT_HTTP_SECRET", Problem: err.Error()}}
		}
	}
	return nil
}

// checkHeaders finds headers that cannot be set, and headers for a host that no sink has. The
// latter are typing errors: the intended host would get no header.
func checkHeaders(cfg config.Config) []config.Problem {
	var problems []config.Problem
	add := func(line int, problem string) {
		problems = append(problems, config.Problem{Variable: "MSGEXT_HTTP_HEADERS", Problem: fmt.Sprintf("line %d: %s", line, problem)})
	}
	for _, h := range cfg.HTTP.Headers {
		if err := httpsink.CheckHeader(httpsink.Header{Name: h.Name, Value: h.Value}); err != nil {
			add(h.Line, err.Error())
		}
		if !slices.ContainsFunc(cfg.Sinks, func(location config.Location) bool { return leadsTo(location, h.Host) }) {
			add(h.Line, "no https:// or http:// sink has this host, as it stands in the URL")
		}
	}
	return problems
}

func leadsTo(location config.Location, host string) bool {
	if location.Scheme != "https" && location.Scheme != "http" {
		return false
	}
	u, err := url.Parse(location.URL.Reveal())
	return err == nil && strings.EqualFold(u.Host, host)
}
