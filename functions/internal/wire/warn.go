package wire

import (
	"log/slog"
	"slices"

	"msgext/internal/config"
	"msgext/pkg/msgext"
)

// Warn logs what an operator should know of a configuration that is valid but has a cost or a risk.
func Warn(cfg config.Config, logger *slog.Logger) {
	WarnLocal(cfg, logger)
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

// WarnLocal is Warn for a process on the machine of the one person who uses it. Its output and its
// receivers are that person's own.
func WarnLocal(cfg config.Config, logger *slog.Logger) {
	warnUnsigned(cfg, logger)
	warnAnnounceAll(cfg, logger)
	warnClearText(cfg, logger)
}

// warnAnnounceAll logs what it costs that every message is announced.
func warnAnnounceAll(cfg config.Config, logger *slog.Logger) {
	if slices.Contains(cfg.Announce, msgext.AnnounceAll) {
		logger.Warn("MSGEXT_ANNOUNCE is *: every message that is sent costs a write and 4 reads by Chat's REST API, a one-to-one message 8")
	}
}

// warnUnsigned logs who can send what to an app without a token.
func warnUnsigned(cfg config.Config, logger *slog.Logger) {
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
