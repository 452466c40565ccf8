package redisstate

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"msgext/internal/location"
	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Every error of Open wraps ErrURL. None quotes the URL, which has a password.
var ErrURL = errors.New("redisstate: not a Redis URL, redis://USER:PASSWORD@HOST:PORT/DB?OPTION=VALUE")

// ErrCluster is every call's error if the server at the URL is a node of a cluster.
var ErrCluster = errors.New("redisstate: the server is a node of a cluster: write ?cluster=true at the end of the URL, or several HOST:PORT with commas between")

// Reasons to refuse a URL.
var (
	errHost     = fmt.Errorf("%w: a host is missing, or no name or address, or a port is not a number from 1 to 65535", ErrURL)
	errEscape   = fmt.Errorf("%w: %s", ErrURL, location.Escape)
	errDatabase = fmt.Errorf("%w: the database is not a number; a cluster has 0 alone", ErrURL)
	errCluster  = fmt.Errorf("%w: cluster is neither true nor false, or false for several hosts", ErrURL)
	errUser     = fmt.Errorf("%w: a user name without a password; a password alone is written redis://:PASSWORD@HOST", ErrURL)
	errRepeated = fmt.Errorf("%w: an option is there twice", ErrURL)
	errProtocol = fmt.Errorf("%w: protocol is neither 2 nor 3", ErrURL)
	errOption   = fmt.Errorf("%w: an option that go-redis does not have, or not with such a value", ErrURL)
)

// options are the options of a server, of a cluster, or of a master that sentinels name.
type options struct {
	server   *redis.Options
	cluster  *redis.ClusterOptions
	sentinel *redis.FailoverOptions
}

// parse returns the contents of a URL. Its error wraps ErrURL.
func parse(given secret.String) (options, error) {
	text := given.Reveal()
	scheme, rest, _ := strings.Cut(text, "://")
	if scheme != "redis" && scheme != "rediss" {
		return options{}, ErrURL
	}
	// net/url accepts no URL with several hosts, so only the first host stays in it.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if location.IsUnescaped(given) {
		return options{}, errEscape
	}
	at := strings.LastIndex(rest[:end], "@") + 1
	hosts := strings.Split(rest[at:end], ",")
	if slices.ContainsFunc(hosts, func(host string) bool { return !outbound.IsHost(host) }) {
		return options{}, errHost
	}
	u, err := url.Parse(scheme + "://" + rest[:at] + hosts[0] + rest[end:])
	if err != nil {
		return options{}, errEscape
	}
	query, err := url.ParseQuery(u.RawQuery)
	switch {
	case err != nil || u.Fragment != "":
		return options{}, errEscape
	case location.IsRepeated(query, "addr"):
		return options{}, errRepeated
	case isNoUser(u.User):
		return options{}, errUser
	case !isProtocol(query):
		return options{}, errProtocol
	}
	if sentinels, err := namesMaster(query); err != nil {
		return options{}, err
	} else if sentinels {
		return parseSentinels(u, hosts[1:])
	}
	cluster := len(hosts) > 1
	if query.Has("cluster") {
		if cluster, err = strconv.ParseBool(query.Get("cluster")); err != nil || !cluster && len(hosts) > 1 {
			return options{}, errCluster
		}
		query.Del("cluster")
	}
	u.RawQuery = query.Encode()
	if cluster {
		return parseCluster(u, hosts[1:])
	}
	if !isDatabase(u, query) {
		return options{}, errDatabase
	}
	server, err := redis.ParseURL(u.String())
	if err != nil {
		return options{}, errOption
	}
	return options{server: server}, nil
}

// isDatabase reports whether the database of a URL, if there is one, can be the number of one.
func isDatabase(u *url.URL, query url.Values) bool {
	for _, db := range []string{strings.Trim(u.Path, "/"), query.Get("db")} {
		if _, err := strconv.ParseUint(db, 10, 31); db != "" && err != nil {
			return false
		}
	}
	return true
}

// isNoUser reports whether there is a user name without a password. The client would log in as
// nobody. In most cases the name is the password, and the colon before it is missing.
func isNoUser(user *url.Userinfo) bool {
	password, _ := user.Password()
	return user.Username() != "" && password == ""
}

// isProtocol reports whether the protocol's version, if it is given, is one that there is.
func isProtocol(query url.Values) bool {
	version := query.Get("protocol")
	return version == "" || version == "2" || version == "3"
}

func parseCluster(u *url.URL, others []string) (options, error) {
	if db := strings.Trim(u.Path, "/"); db != "" && db != "0" {
		return options{}, errDatabase
	}
	cluster, err := redis.ParseClusterURL(u.String())
	if err != nil {
		return options{}, errOption
	}
	for _, host := range others {
		other, err := redis.ParseURL(u.Scheme + "://" + host)
		if err != nil {
			return options{}, errHost
		}
		cluster.Addrs = append(cluster.Addrs, other.Addr)
	}
	return options{cluster: cluster}, nil
}
