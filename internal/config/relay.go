package config

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"msgext/internal/outbound"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

// Relay is the app's own backend, which answers what is not ours. URL is "" where there is none.
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
	_, err := outbound.ParseURL(value, outbound.Allow{LinkLocal: true, Plain: true}) // what it may reach is known once all variables are read
	return err
}

func setRelayHeaders(c *Config, value string) (err error) {
	c.Relay.Headers, err = relay.ParseHeaders(value)
	return err
}

// checkRelay finds a backend that the address rules refuse.
func (c *Config) checkRelay(add func(variable, problem, example string)) {
	if _, err := outbound.ParseURL(c.Relay.URL.Reveal(), c.HTTP.Allow()); err == outbound.ErrLinkLocal || err == outbound.ErrPlain {
		add("MSGEXT_RELAY", err.Error(), "")
	}
}

// RelayPasses reports whether an environment, however broken, asks for a relay whose failures are
// Chat's to decide about.
func RelayPasses(environ []string) bool {
	values := ours(environ)
	return values["MSGEXT_RELAY"] != "" && strings.TrimSpace(values["MSGEXT_RELAY_ON_FAILURE"]) != "allow"
}
