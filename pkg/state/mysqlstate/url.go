package mysqlstate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	neturl "net/url"
	"os"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"msgext/internal/location"
	"msgext/internal/loopback"
	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Every error of Open wraps ErrURL.
var ErrURL = errors.New("mysqlstate: not a MySQL URL, mysql://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE")

// Reasons to refuse a URL. None quotes it, because it has a password.
var (
	errEscape   = fmt.Errorf("%w: %s", ErrURL, location.Escape)
	errOption   = fmt.Errorf("%w: an option is none of tls, ca and pool_max_conns", ErrURL)
	errHost     = fmt.Errorf("%w: the host is no name or address, or the port is not a number from 1 to 65535; there is one host", ErrURL)
	errRepeated = fmt.Errorf("%w: an option is there twice", ErrURL)
	errTLS      = fmt.Errorf("%w: tls is none of true, false and skip-verify", ErrURL)
	errCA       = fmt.Errorf("%w: ca is not a file with certificates in PEM", ErrURL)
	errCount    = fmt.Errorf("%w: pool_max_conns is not a number above 0", ErrURL)
)

// lockWait is for how many seconds a transaction waits for a lock. The least possible is longer than
// a webhook's budget. But a server does not notice that a client has gone while its transaction
// waits, and the transaction then keeps the locks that it has.
const lockWait = "1"

// options are the contents of a URL.
type options struct {
	config      *mysql.Config
	connections int
}

// parse returns the contents of a URL, with the given number of connections unless the URL has its
// own. Its error wraps ErrURL.
func parse(url secret.String, connections int) (options, error) {
	if location.IsUnescaped(url) {
		return options{}, errEscape
	}
	u, err := neturl.Parse(url.Reveal())
	if err != nil {
		return options{}, errEscape
	}
	database := strings.TrimPrefix(u.Path, "/")
	if u.Scheme != "mysql" || u.Hostname() == "" || u.User.Username() == "" || database == "" || strings.Contains(database, "/") || u.Fragment != "" {
		return options{}, ErrURL
	}
	if !outbound.IsHost(strings.TrimSuffix(u.Host, ":")) {
		return options{}, errHost
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr, config.DBName = "tcp", u.Host, database
	if u.Port() == "" {
		config.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	config.MultiStatements, config.InterpolateParams = true, true // one round trip per transaction
	config.ClientFoundRows = true                                 // count the rows that an UPDATE finds, changed or not
	config.CheckConnLiveness = false                              // package outbound does this
	config.Logger = log.New(io.Discard, "", 0)                    // it would log addresses
	config.Params = map[string]string{"innodb_lock_wait_timeout": lockWait}

	settings, err := neturl.ParseQuery(u.RawQuery)
	if err != nil {
		return options{}, errEscape
	}
	if location.IsRepeated(settings) {
		return options{}, errRepeated
	}
	o := options{config, connections}
	return o, o.set(settings, u.Hostname())
}

func (o *options) set(settings neturl.Values, host string) error {
	for name := range settings {
		if name != "tls" && name != "ca" && name != "pool_max_conns" {
			return errOption
		}
	}
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if path := settings.Get("ca"); path != "" {
		file, err := os.ReadFile(path)
		if err != nil {
			return errCA
		}
		secure.RootCAs = x509.NewCertPool()
		if !secure.RootCAs.AppendCertsFromPEM(file) {
			return errCA
		}
	}
	switch settings.Get("tls") {
	case "":
		if !loopback.IsHost(host) || settings.Has("ca") {
			o.config.TLS = secure
		}
	case "true":
		o.config.TLS = secure
	case "skip-verify":
		secure.InsecureSkipVerify = true
		o.config.TLS = secure
	case "false":
	default:
		return errTLS
	}
	if settings.Has("pool_max_conns") {
		n, err := strconv.Atoi(settings.Get("pool_max_conns"))
		if err != nil || n < 1 {
			return errCount
		}
		o.connections = n
	}
	return nil
}
