// Package wire makes the parts of a program from its configuration and its connections: the
// receiver, the logger, and what the start logs for an operator.
package wire

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/metric"
	"msgext/pkg/gateway"
	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/webhook"
)

// Receiver logs what an operator should know of a configuration, and returns the receiver of a
// function. started is when the process started. If it fails it closes the connections, because on
// SCF the next invocation opens them again.
func Receiver(cfg config.Config, c driver.Connections, logger *slog.Logger, metrics metric.Format, started time.Time) (*receiver.Receiver, error) {
	Announce(cfg, logger)
	options, err := ReceiverOptions(cfg, c, logger, metrics, started)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return receiver.New(options), nil
}

// ReceiverOptions returns the options of a receiver, as configured. started is when the process
// started, and zero for a process that does not start for a request.
func ReceiverOptions(cfg config.Config, c driver.Connections, logger *slog.Logger, metrics metric.Format, started time.Time) (receiver.Options, error) {
	return withRelay(receiver.Options{
		Verifier: webhook.Verifier{
			SDKAppID: cfg.SDKAppID, Tokens: cfg.Tokens, AllowUnsigned: cfg.AllowUnsigned, MaxSkew: cfg.MaxSkew,
		},
		Path:         cfg.Path,
		AllowFrom:    cfg.AllowFrom,
		MaxBodyBytes: cfg.MaxBodyBytes,
		Sinks:        c.Sinks,
		ForwardOther: cfg.ForwardOther,
		Announce:     cfg.Announce,
		Store:        c.Store,
		Budget:       cfg.ReplyBudget,
		Hold:         cfg.Hold,
		Logger:       logger,
		Metrics:      metrics,
		RequestID:    gateway.RequestID,
		InvocationID: gateway.InvocationID,
		Started:      started,
	}, cfg)
}

// Announce logs what an operator should know of a configuration that is valid but has a cost.
func Announce(cfg config.Config, logger *slog.Logger) {
	AnnounceUnsigned(cfg, logger)
	AnnounceMessages(cfg, logger)
	AnnounceClearText(cfg, logger)
	for _, location := range cfg.Sinks {
		switch location.Scheme {
		case "stdout":
			logger.Warn("MSGEXT_SINKS has stdout: keys and values stand in the process's output, in a cloud that is the platform's log")
		case "http", "https":
			if len(cfg.HTTP.Secrets) == 0 {
				logger.Warn("MSGEXT_HTTP_SECRET is not set: events go to https:// sinks unsigned")
			}
		}
	}
}

// AnnounceMessages logs what it costs that every message is announced.
func AnnounceMessages(cfg config.Config, logger *slog.Logger) {
	if slices.Contains(cfg.Announce, msgext.AnnounceAll) {
		logger.Warn("MSGEXT_ANNOUNCE is *: every message that is sent costs a write and 4 reads by Chat's REST API, a one-to-one message 8")
	}
}

// AnnounceUnsigned logs who can send what to an app without a token.
func AnnounceUnsigned(cfg config.Config, logger *slog.Logger) {
	if cfg.AllowUnsigned {
		logger.Warn("MSGEXT_ALLOW_UNSIGNED: anybody who knows the URL and the SDKAppID can send events")
	}
	if cfg.AllowUnsigned && cfg.Relay.URL != "" {
		logger.Warn("MSGEXT_ALLOW_UNSIGNED with MSGEXT_RELAY: anybody who knows the URL and the SDKAppID can reach the backend")
	}
}

// SingleValued returns a function that logs that the gateway hides repeated parameters.
func SingleValued(logger *slog.Logger) func() {
	return func() {
		logger.Warn("the gateway gives one value for each name of a query, the last: a Sign that was sent twice is not seen; on a load balancer switch on the target group's attribute lambda.multi_value_headers.enabled")
	}
}
