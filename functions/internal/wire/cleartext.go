package wire

import (
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"

	"msgext/internal/config"
	"msgext/internal/loopback"
)

// warnClearText logs which connections to other machines are not encrypted. The configuration
// asked for that: by sslmode, tls, MSGEXT_KAFKA_TLS or MSGEXT_HTTP_ALLOW_PLAIN, or by redis://
// instead of rediss://.
func warnClearText(cfg config.Config, logger *slog.Logger) {
	if cfg.HTTP.AllowPlain {
		logger.Warn("MSGEXT_HTTP_ALLOW_PLAIN: what goes to http:// can be read and changed on the way, MSGEXT_HTTP_HEADERS included")
	}
	if isClearText(cfg.State) {
		logger.Warn("MSGEXT_STATE may connect to another machine as clear text: the password and every value can be read on the way")
	}
	plain := cfg.Kafka.Plain && cfg.Kafka.Username != ""
	if plain && slices.ContainsFunc(cfg.Sinks, func(l config.Location) bool { return l.Scheme == "kafka" && isElsewhere(l) }) {
		logger.Warn("MSGEXT_KAFKA_TLS is false: user name, password and events go to brokers on other machines as clear text")
	}
}

func isClearText(location config.Location) bool {
	if !isElsewhere(location) {
		return false
	}
	_, query, _ := strings.Cut(location.Place(), "?")
	options, _ := url.ParseQuery(query) // the driver refuses a query that cannot be parsed
	switch location.Scheme {
	case "postgres", "postgresql":
		return slices.Contains([]string{"disable", "allow", "prefer"}, options.Get("sslmode"))
	case "mysql":
		return options.Get("tls") == "false"
	case "redis":
		return true
	}
	return false
}

// isElsewhere reports whether a host of a URL is another machine. Hosts also stand in the options
// addr of Redis's sentinels and host of PostgreSQL.
func isElsewhere(location config.Location) bool {
	place, query, _ := strings.Cut(location.Place(), "?")
	if end := strings.IndexAny(place, "/#"); end >= 0 {
		place = place[:end]
	}
	hosts := strings.Split(place[strings.LastIndex(place, "@")+1:], ",")
	options, _ := url.ParseQuery(query)
	for _, host := range append(options["addr"], options["host"]...) {
		if !strings.HasPrefix(host, "/") { // the folder of a socket
			hosts = append(hosts, strings.Split(host, ",")...)
		}
	}
	return slices.ContainsFunc(hosts, func(host string) bool {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		return host != "" && !loopback.IsHost(strings.Trim(host, "[]"))
	})
}
