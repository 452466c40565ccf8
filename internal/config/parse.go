package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"msgext/internal/loopback"
	"msgext/pkg/secret"
)

type setter = func(c *Config, value string) error

func text(field func(*Config) *string) setter {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

func boolean(field func(*Config) *bool) setter {
	return choice("false", "true", field)
}

// choice is a setting of two words, the second of which sets the field.
func choice(off, on string, field func(*Config) *bool) setter {
	return func(c *Config, value string) error {
		if value != off && value != on {
			return fmt.Errorf("neither %s nor %s", off, on)
		}
		*field(c) = value == on
		return nil
	}
}

func duration(least, most time.Duration, field func(*Config) *time.Duration) setter {
	return func(c *Config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil {
			return errors.New("not a duration such as 1500ms or 60s")
		}
		if d < least || d > most {
			return fmt.Errorf("not between %s and %s", least, most)
		}
		*field(c) = d
		return nil
	}
}

// maxTokenBytes is the console's own limit (trtc.io/document/34354).
const maxTokenBytes = 128

func setTokens(c *Config, value string) error {
	for _, token := range strings.Fields(value) {
		if len(token) > maxTokenBytes {
			return fmt.Errorf("a token is longer than %d bytes", maxTokenBytes)
		}
		c.Tokens = append(c.Tokens, secret.String(token))
	}
	if len(c.Tokens) == 0 {
		return errors.New("empty")
	}
	return nil
}

func setPath(c *Config, value string) error {
	if !strings.HasPrefix(value, "/") || strings.ContainsAny(value, "?#") {
		return errors.New("not a path that starts with a slash")
	}
	c.Path = value
	return nil
}

func setMaxBodyBytes(c *Config, value string) error {
	const least, most = 1024, 16 << 20
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		return fmt.Errorf("not a whole number between %d and %d", least, most)
	}
	c.MaxBodyBytes = n
	return nil
}

func setHTTPSecrets(c *Config, value string) error {
	for _, s := range strings.Fields(value) {
		if !strings.HasPrefix(s, "whsec_") {
			return errors.New("not a Standard Webhooks secret, which starts with whsec_")
		}
		c.HTTP.Secrets = append(c.HTTP.Secrets, secret.String(s))
	}
	return nil
}

func setKafkaMechanism(c *Config, value string) error {
	switch value {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		c.Kafka.Mechanism = value
		return nil
	}
	return errors.New("not PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
}

func setEndpoint(c *Config, value string) error {
	if strings.Contains(value, "://") {
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || u.User != nil {
			return errors.New("not a region's name or a base URL")
		}
		if u.Scheme != "https" && !(u.Scheme == "http" && loopback.IsHost(u.Hostname())) {
			return errors.New("a base URL must be https://, or http:// to loopback")
		}
	}
	c.Chat.Endpoint = value
	return nil
}

func setState(c *Config, value string) error {
	location, err := parseLocation(value)
	if err != nil {
		return err
	}
	switch location.Scheme {
	case "memory":
		if location.Rest != "" {
			return errors.New("memory: takes nothing after the colon")
		}
	case "sqlite", "postgres", "dynamodb", "redis", "rediss":
		if location.Rest == "" {
			return fmt.Errorf("%s: names no place", location.Scheme)
		}
	default:
		return errors.New("not memory:, sqlite:, postgres://, dynamodb://, redis:// or rediss://")
	}
	c.State = location
	return nil
}

func setSinks(c *Config, value string) error {
	for i, word := range strings.Fields(value) {
		location, err := parseSink(word)
		if err != nil {
			return fmt.Errorf("sink %d: %w", i+1, err)
		}
		c.Sinks = append(c.Sinks, location)
	}
	return nil
}

func parseSink(value string) (Location, error) {
	location, err := parseLocation(value)
	if err != nil {
		return Location{}, err
	}
	rest := location.Rest.Reveal()
	switch location.Scheme {
	case "stdout":
		if rest != "" {
			return Location{}, errors.New("stdout: takes nothing after the colon")
		}
	case "http", "https":
		u, err := url.Parse(value)
		if err != nil || u.Host == "" {
			return Location{}, errors.New("not a URL")
		}
		if u.User != nil {
			return Location{}, errors.New("credentials do not belong into the URL, see MSGEXT_HTTP_SECRET")
		}
		if u.Scheme == "http" && !loopback.IsHost(u.Hostname()) {
			return Location{}, errors.New("http:// goes only to loopback, use https://")
		}
	case "kafka":
		brokers, topic, found := strings.Cut(rest, "/")
		if !found || brokers == "" || topic == "" || strings.Contains(topic, "/") || strings.Contains(rest, "@") {
			return Location{}, errors.New("not of the form kafka://BROKER,BROKER/TOPIC")
		}
	case "sqs", "eventbridge":
		if rest == "" {
			return Location{}, fmt.Errorf("%s:// names no destination", location.Scheme)
		}
	default:
		return Location{}, errors.New("not stdout:, https://, sqs://, eventbridge:// or kafka://")
	}
	return location, nil
}

func parseLocation(value string) (Location, error) {
	scheme, rest, found := strings.Cut(value, ":")
	if !found {
		return Location{}, errors.New("no scheme such as stdout: or https://")
	}
	if scheme == "postgresql" {
		scheme = "postgres"
	}
	return Location{
		Scheme: scheme,
		URL:    secret.String(value),
		Rest:   secret.String(strings.TrimPrefix(rest, "//")),
	}, nil
}
