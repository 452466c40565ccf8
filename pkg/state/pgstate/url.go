package pgstate

import (
	"crypto/tls"
	"errors"
	"fmt"
	neturl "net/url"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"msgext/internal/location"
	"msgext/internal/loopback"
	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Every error of Open wraps ErrURL.
var ErrURL = errors.New("pgstate: not a PostgreSQL URL, postgres://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE")

// Reasons to refuse a URL. None quotes it, because it has a password.
var (
	errEscape   = fmt.Errorf("%w: %s", ErrURL, location.Escape)
	errHost     = fmt.Errorf("%w: a host is no name or address, or a port is not a number from 1 to 65535", ErrURL)
	errDatabase = fmt.Errorf("%w: there is a slash in or behind the database's name", ErrURL)
	errRepeated = fmt.Errorf("%w: an option is there twice", ErrURL)
	errEncoding = fmt.Errorf("%w: client_encoding is not UTF8", ErrURL)
	errPlain    = fmt.Errorf("%w: PGSSLMODE in the environment allows clear text: write sslmode into the URL", ErrURL)
	errValue    = fmt.Errorf("%w: an option has a value that it cannot have", ErrURL)
	errOption   = fmt.Errorf("%w: an option is none of PostgreSQL's (pgbouncer, schema and connection_limit are those of other clients); a setting of the session is written options=-c%%20NAME%%3DVALUE", ErrURL)
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
	place, query, _ := strings.Cut(rest, "?")
	place, database, _ := strings.Cut(place, "/")
	given, err := neturl.ParseQuery(query)
	hosts := strings.Split(place[strings.LastIndex(place, "@")+1:], ",")
	switch {
	case err != nil || strings.Contains(rest, "#"):
		return nil, errEscape
	case location.IsRepeated(given):
		return nil, errRepeated
	case hosts[0] != "" && slices.ContainsFunc(hosts, func(host string) bool { return !outbound.IsHost(host) }):
		return nil, errHost
	case strings.Contains(database, "/"):
		return nil, errDatabase
	case given.Has("client_encoding") && !isUTF8(given.Get("client_encoding")):
		return nil, errEncoding
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
	if !given.Has("sslmode") {
		if err := requireTLS(&config.ConnConfig.Config); err != nil {
			return nil, err
		}
	}
	if !given.Has("pool_max_conns") {
		config.MaxConns = int32(connections)
	}
	return config, nil
}

// requireTLS removes the client's second try without TLS, except for loopback and a socket.
// Otherwise, for a URL without sslmode, the client would silently send the password and every value
// in clear text, which an attacker on the network could force.
//
// Its error is errPlain where the first try would already be one. The environment's PGSSLMODE, which
// the client follows, can ask for that. It may be meant for another program.
func requireTLS(config *pgconn.Config) error {
	isPlain := func(host string, secure *tls.Config) bool {
		return secure == nil && !strings.HasPrefix(host, "/") && !loopback.IsHost(host)
	}
	if isPlain(config.Host, config.TLSConfig) {
		return errPlain
	}
	config.Fallbacks = slices.DeleteFunc(config.Fallbacks, func(next *pgconn.FallbackConfig) bool { return isPlain(next.Host, next.TLSConfig) })
	return nil
}

// isUTF8 reports whether the session's encoding is the one that we write.
func isUTF8(encoding string) bool {
	name := strings.ToLower(strings.ReplaceAll(encoding, "-", ""))
	return name == "utf8" || name == "unicode"
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
