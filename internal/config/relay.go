package config

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"msgext/internal/outbound"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

// Relay is the app's own backend. It answers the commands that are not for us. URL is "" where
// there is no relay.
type Relay struct {
	URL     secret.String
	Allow   bool // MSGEXT_RELAY_ON_FAILURE=allow
	Budget  time.Duration
	Headers []relay.Header
}

func setRelay(c *Config, value string) error {
	if strings.ContainsFunc(value, unicode.IsSpace) || isJoined(value) {
		return errors.New("there is one backend, and its URL has no space in it")
	}
	c.Relay.URL = secret.String(value)
	// What it may reach is known once all variables are read.
	_, err := outbound.ParseURL(value, outbound.Allow{LinkLocal: true, Plain: true})
	return err
}

// errEmptyHeader is the error for a header without a value, because nobody configures one on
// purpose.
var errEmptyHeader = errors.New("a header has no value behind its colon")

func setRelayHeaders(c *Config, value string) (err error) {
	c.Relay.Headers, err = relay.ParseHeaders(value)
	if slices.ContainsFunc(c.Relay.Headers, func(h relay.Header) bool { return h.Value == "" }) {
		return errEmptyHeader
	}
	return err
}

// checkRelay finds a backend that the address rules refuse.
func (c *Config) checkRelay(add func(variable, problem, example string)) {
	if _, err := outbound.ParseURL(c.Relay.URL.Reveal(), c.HTTP.Allow()); err == outbound.ErrLinkLocal || err == outbound.ErrPlain {
		add("MSGEXT_RELAY", err.Error(), "")
	}
}

// RelayPasses reports whether the environment configures a relay and leaves it to Chat what happens
// when the relay fails. It works even where the rest of the environment is wrong.
func RelayPasses(environ []string) bool {
	values := ours(environ)
	return values["MSGEXT_RELAY"] != "" && strings.TrimSpace(values["MSGEXT_RELAY_ON_FAILURE"]) != "allow"
}
