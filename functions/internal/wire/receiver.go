// Package wire makes a program's receiver from its configuration and its connections, and logs what
// an operator should know of them.
package wire

import (
	"errors"
	"log/slog"
	"time"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/metric"
	"msgext/pkg/gateway"
	"msgext/pkg/receiver"
	"msgext/pkg/webhook"
)

// Receiver logs what an operator should know of a configuration, and returns the receiver of a
// function. started is when the process started. If it fails it closes the connections, because on
// SCF the next invocation opens them again.
func Receiver(cfg config.Config, c driver.Connections, logger *slog.Logger, metrics metric.Format, started time.Time) (*receiver.Receiver, error) {
	Warn(cfg, logger)
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
