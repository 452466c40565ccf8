// Package repairwire makes a Repairer from a configuration. It is separate from package wire
// because it links the client that can hold the admin's key. A webhook function must not link that
// client.
package repairwire

import (
	"errors"
	"log/slog"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/metric"
	"msgext/pkg/chatapi"
	"msgext/pkg/repair"
)

// CheckChat says what is wrong with MSGEXT_CHAT_ENDPOINT.
func CheckChat(cfg config.Config) []config.Problem {
	if cfg.Chat.Endpoint == "" {
		return nil
	}
	if err := chatapi.CheckEndpoint(cfg.Chat.Endpoint); err != nil {
		return []config.Problem{{Variable: "MSGEXT_CHAT_ENDPOINT", Problem: err.Error(), Example: "singapore"}}
	}
	return nil
}

// Options returns the options of a Repairer, as configured. Without REST access a Repairer only
// settles complete messages and reports the rest.
func Options(cfg config.Config, c driver.Connections, logger *slog.Logger, metrics metric.Format) (repair.Options, error) {
	options := repair.Options{
		Store: c.Store, SDKAppID: cfg.SDKAppID, Sinks: c.Sinks,
		Grace: cfg.RepairGrace, ReadAll: cfg.ReadAll, Retention: cfg.Retention, VerifySample: cfg.VerifySample,
		Logger: logger, Metrics: metrics,
	}
	if cfg.Chat.Endpoint == "" {
		return options, nil
	}
	client, err := chatapi.New(chatapi.Options{
		Endpoint: cfg.Chat.Endpoint, SDKAppID: cfg.SDKAppID, Admin: cfg.Chat.Admin, SecretKey: cfg.Chat.SecretKey,
	})
	options.Chat = client
	return options, err
}

// Repairer returns a Repairer as configured. If it fails it closes the connections, because on SCF
// the next invocation opens them again.
func Repairer(cfg config.Config, c driver.Connections, logger *slog.Logger, metrics metric.Format) (*repair.Repairer, error) {
	options, err := Options(cfg, c, logger, metrics)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return repair.New(options), nil
}
