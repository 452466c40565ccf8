package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"msgext/internal/outbound"
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

// choice parses a setting of two words. The second word sets the field to true.
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
		begins, ends := quotes(token)
		switch {
		case len(token) > maxTokenBytes:
			return fmt.Errorf("a token is longer than %d bytes", maxTokenBytes)
		case begins || ends:
			return errTokenQuote
		case strings.ContainsAny(token, ",;"):
			return errTokenList
		}
		c.Tokens = append(c.Tokens, secret.String(token))
	}
	if len(c.Tokens) == 0 {
		return errors.New("empty")
	}
	return nil
}

// minReadTokenBytes is long enough that nobody guesses a bearer token. The number of guesses is not
// limited.
const minReadTokenBytes = 32

// isTokenByte reports whether a bearer token may have a character (RFC 6750, section 2.1). Quotes,
// commas and the JSON of a secret are refused. With those in it the function would start and refuse
// every caller.
func isTokenByte(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-._~+/=", c)
}

func setReadTokens(c *Config, value string) error {
	for _, token := range strings.Fields(value) {
		if len(token) < minReadTokenBytes {
			return fmt.Errorf("a token is shorter than %d characters", minReadTokenBytes)
		}
		if strings.ContainsFunc(token, func(c rune) bool { return !isTokenByte(c) }) {
			return errors.New("a token has a character other than letters, digits and -._~+/=")
		}
		c.ReadTokens = append(c.ReadTokens, secret.String(token))
	}
	if len(c.ReadTokens) == 0 {
		return errors.New("empty")
	}
	return nil
}

// maxAppIDBytes is more than the length of any SDKAppID: every one seen has ten digits.
const maxAppIDBytes = 20

func setAppID(c *Config, value string) error {
	if len(value) > maxAppIDBytes || strings.Trim(value, "0123456789") != "" {
		return errors.New("not digits alone")
	}
	if value[0] == '0' {
		return errors.New("begins with a zero, and no SDKAppID does")
	}
	c.SDKAppID = value
	return nil
}

// pathBytes are the characters that no client and no gateway writes in another way. A path with
// another character could arrive percent-encoded, and would then not be equal to the configured
// one.
const pathBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"

func setPath(c *Config, value string) error {
	inner := strings.TrimSuffix(value, "/") + "/"
	switch {
	case !strings.HasPrefix(value, "/"):
		return errors.New("not a path that starts with a slash: write what stands behind the host")
	case strings.ContainsAny(value, "?#"):
		return errors.New("has a query or a fragment: write the path alone")
	case strings.Trim(value, pathBytes) != "":
		return errors.New("has an escape, a space or another character than letters, digits and -._~/, which gateways write in more than one way")
	case strings.Contains(inner, "//") && value != "/" || strings.Contains(inner, "/./") || strings.Contains(inner, "/../"):
		return errors.New("has an empty part, or one of dots, which clients and gateways take out")
	case strings.HasPrefix(inner, "/console/"):
		return errors.New("is the console's: write one that does not begin with /console")
	case strings.HasPrefix(inner, "/api/"):
		return errors.New("is the read's: write one that does not begin with /api")
	}
	c.Path = value
	return nil
}

// setRetention takes whole days. The least is 7 days, because repair examines a message for the
// last time 7 days after its last change.
func setRetention(c *Config, value string) error {
	const least, most, day = 8, 36500, 24 * time.Hour
	if value == "keep" {
		return nil
	}
	digits, found := strings.CutSuffix(value, "d")
	days, err := strconv.Atoi(digits)
	if !found || err != nil || days < least || days > most {
		return fmt.Errorf("neither keep nor a number of days from %dd to %dd", least, most)
	}
	c.Retention = time.Duration(days) * day
	return nil
}

func setVerifySample(c *Config, value string) error {
	const most = 1000
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		return fmt.Errorf("not a whole number between 0 and %d", most)
	}
	c.VerifySample = n
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
		c.HTTP.Secrets = append(c.HTTP.Secrets, secret.String(s))
	}
	return nil
}

// setHTTPHeaders reads lines of HOST Name: value.
func setHTTPHeaders(c *Config, value string) error {
	for i, line := range strings.Split(value, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		host := strings.Fields(line)[0]
		name, header, err := outbound.ParseHeader(strings.TrimSpace(strings.TrimPrefix(line, host)))
		if err != nil || strings.ContainsAny(host, ":/") && !isHostPort(host) && !isAddress6(host) {
			return fmt.Errorf("line %d: not of the form HOST Name: value", i+1)
		}
		if header == "" {
			return fmt.Errorf("line %d: %w", i+1, errEmptyHeader)
		}
		c.HTTP.Headers = append(c.HTTP.Headers, HostHeader{i + 1, host, name, secret.String(header)})
	}
	return nil
}

// isHostPort tells HOST:PORT from a header's name before which the host is missing, and from a URL.
func isHostPort(text string) bool {
	_, port, err := net.SplitHostPort(text)
	return err == nil && port != "" && strings.Trim(port, "0123456789") == ""
}

// isAddress6 reports whether a host is an IPv6 address in brackets.
func isAddress6(host string) bool {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && address.Is6() && host == "["+address.String()+"]"
}

func setKafkaUsername(c *Config, value string) error {
	if begins, ends := quotes(value); begins || ends {
		return errQuotes
	}
	c.Kafka.Username = value
	return nil
}

func setKafkaTLS(c *Config, value string) error {
	err := boolean(func(c *Config) *bool { return &c.Kafka.TLS })(c, value)
	c.Kafka.Plain = err == nil && !c.Kafka.TLS
	return err
}

func setAnnounce(c *Config, value string) error {
	c.Announce = strings.Fields(value)
	if slices.ContainsFunc(c.Announce, isWordList) {
		return errors.New("texts are separated by spaces, not by commas or semicolons")
	}
	if len(c.Announce) > 1 && slices.Contains(c.Announce, "*") {
		return errors.New("* announces every message, and goes with no other text")
	}
	return nil
}

// isWordList reports whether a text is plain words with commas or another separator between. What
// stands in a message's JSON has quotes or colons as well.
func isWordList(text string) bool {
	words := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(",;|", c) })
	return len(words) > 1 && !slices.ContainsFunc(words, func(word string) bool {
		return strings.ContainsFunc(word, func(c rune) bool { return c != '_' && c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	})
}

// setAdmin refuses what no account of an admin looks like. Chat would refuse every call.
func setAdmin(c *Config, value string) error {
	if begins, ends := quotes(value); begins || ends || strings.ContainsFunc(value, unicode.IsSpace) || strings.ContainsAny(value, ",;") {
		return errors.New("is one account, without quotes, spaces, commas or semicolons")
	}
	c.Chat.Admin = value
	return nil
}

// setSecretKey takes what the console shows, which is 64 hexadecimal digits in every example.
func setSecretKey(c *Config, value string) error {
	if strings.ContainsFunc(value, func(c rune) bool { return !isTokenByte(c) }) {
		return errors.New("has a character other than letters, digits and -._~+/=")
	}
	c.Chat.SecretKey = secret.String(value)
	return nil
}

func setState(c *Config, value string) (err error) {
	if strings.Contains(value, "://") && (strings.ContainsFunc(value, unicode.IsSpace) || isJoined(value)) {
		return errors.New("there is one store, and its URL has no space in it (in a name or password %20)")
	}
	c.State, err = parseLocation(value)
	return err
}

func setSinks(c *Config, value string) (err error) {
	c.Sinks, err = parseLocations(value)
	return err
}
