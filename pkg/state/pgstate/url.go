package pgstate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/internal/location"
	"msgext/internal/loopback"
	"msgext/pkg/secret"
)

// Every error of Open wraps ErrURL.
var ErrURL = errors.New("pgstate: not a PostgreSQL URL, postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE")

// Reasons to refuse a URL. None quotes it, because it has a password.
var (
	errEscape = fmt.Errorf("%w: %s", ErrURL, location.Escape)
	errValue  = fmt.Errorf("%w: an option has a value that it cannot have", ErrURL)
	errOption = fmt.Errorf("%w: an option is none of PostgreSQL's (pgbouncer, schema and connection_limit are those of other clients); a setting of the session is written options=-c%%20NAME%%3DVALUE", ErrURL)
)

// parse returns the contents of a URL, with the given number of connections unless the URL has its
// own. Its error wraps ErrURL.
func parse(url secret.String, connections int) (*pgxpool.Config, error) {
	text := url.Reveal()
	scheme, rest, _ := strings.Cut(text, "://")
	if rest == "" || scheme != "postgres" && scheme != "postgresql" {
		return nil, ErrURL
	}
	if location.IsUnescaped(url) {
		return nil, errEscape
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		if bare, _, found := strings.Cut(text, "?"); found {
			if _, err := pgxpool.ParseConfig(bare); err == nil {
				return nil, errValue
			}
		}
		return nil, errEscape
	}
	for name := range config.ConnConfig.RuntimeParams {
		if !isSetting(strings.ToLower(name)) {
			return nil, errOption
		}
	}
	if !strings.Contains(text, "sslmode=") {
		requireTLS(&config.ConnConfig.Config)
	}
	if !strings.Contains(text, "pool_max_conns") {
		config.MaxConns = int32(connections)
	}
	return config, nil
}

// requireTLS removes the client's second try without TLS, except for loopback and a socket.
// Otherwise, for a URL without sslmode, the client would silently send the password and every value
// in clear text, which an attacker on the network could force.
func requireTLS(config *pgconn.Config) {
	config.Fallbacks = slices.DeleteFunc(config.Fallbacks, func(next *pgconn.FallbackConfig) bool {
		return next.TLSConfig == nil && !strings.HasPrefix(next.Host, "/") && !loopback.IsHost(next.Host)
	})
}

// isSetting reports whether a server accepts name at the start of a session. The client sends along
// parameters that it does not know, and a server refuses every connection with an unknown one. So
// only settings that make sense for a program are accepted
// (postgresql.org/docs/18/runtime-config-client.html), and those of extensions, which have a dot.
func isSetting(name string) bool {
	switch name {
	case "application_name", "bytea_output", "client_encoding", "client_min_messages", "datestyle",
		"default_tablespace", "default_transaction_deferrable", "default_transaction_isolation",
		"default_transaction_read_only", "idle_in_transaction_session_timeout", "idle_session_timeout",
		"intervalstyle", "jit", "lock_timeout", "options", "plan_cache_mode", "role", "search_path",
		"statement_timeout", "synchronous_commit", "tcp_keepalives_count", "tcp_keepalives_idle",
		"tcp_keepalives_interval", "tcp_user_timeout", "temp_buffers", "timezone", "transaction_timeout", "work_mem":
		return true
	}
	return strings.Contains(name, ".")
}
