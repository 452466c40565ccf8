package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"msgext/internal/location"
	"msgext/pkg/secret"
)

// Linked is what is linked into a program. Its configuration may name only that.
type Linked struct {
	Stores []Driver
	Sinks  []Driver

	// Checks look at variables that a part of the program uses: a driver's settings, the REST
	// client's.
	Checks []Check
}

// Driver is what the configuration must know of a kind of store or sink.
type Driver struct {
	Schemes []string

	// Check says what is wrong with a location. It names the rule, never the content.
	Check func(Config, Location) error
}

// Check says what is wrong with some variables. Variables that could not be parsed have their zero
// value.
type Check func(Config) []Problem

// Location is a state store or a sink: its scheme, and the URL where it keeps or sends data.
type Location struct {
	Scheme string
	// URL is the whole text as given. It may carry credentials, so it is never logged.
	URL secret.String
}

// Place is what follows the scheme.
func (l Location) Place() string { return location.Place(l.URL) }

// IsZero reports whether no location is configured.
func (l Location) IsZero() bool { return l.Scheme == "" }

func parseLocation(value string) (Location, error) {
	scheme, found := location.Scheme(secret.String(value))
	if !found {
		return Location{}, errors.New("no scheme such as stdout: or https://")
	}
	return Location{Scheme: scheme, URL: secret.String(value)}, nil
}

func parseLocations(value string) ([]Location, error) {
	var all []Location
	for i, word := range strings.Fields(value) {
		location, err := parseLocation(word)
		if isJoined(word) {
			err = errors.New("sinks are separated by spaces, not by commas or semicolons")
		}
		if before := slices.Index(all, location); err == nil && before >= 0 {
			err = fmt.Errorf("is the same as sink %d, and would get every event twice", before+1)
		}
		if err != nil {
			return nil, fmt.Errorf("sink %d: %w", i+1, err)
		}
		all = append(all, location)
	}
	return all, nil
}

// isJoined reports whether a second URL follows after a comma or another separator. The HOST:PORT
// of a Kafka broker does not count as a URL.
func isJoined(word string) bool {
	parts := strings.FieldsFunc(word, func(c rune) bool { return strings.ContainsRune(",;|", c) })
	return len(parts) > 1 && slices.ContainsFunc(parts[1:], func(part string) bool {
		scheme, rest, found := strings.Cut(part, ":")
		return found && scheme != "" && (rest == "" || strings.HasPrefix(rest, "//"))
	})
}

// locate finds what is wrong with the locations of the stores and sinks that are linked into a
// program.
func (l Linked) locate(c Config, add func(variable, problem, example string)) {
	if !c.State.IsZero() {
		if err := l.check(l.Stores, c, c.State); err != nil {
			add("MSGEXT_STATE", err.Error(), "")
		}
	}
	for i, location := range c.Sinks {
		if err := l.check(l.Sinks, c, location); err != nil {
			add("MSGEXT_SINKS", fmt.Sprintf("sink %d: %v", i+1, err), "")
		}
	}
}

func (l Linked) check(drivers []Driver, c Config, location Location) error {
	var schemes []string
	for _, driver := range drivers {
		if slices.Contains(driver.Schemes, location.Scheme) {
			return driver.Check(c, location)
		}
		schemes = append(schemes, driver.Schemes...)
	}
	slices.Sort(schemes)
	if slices.Contains(schemes, strings.ToLower(location.Scheme)) {
		return errors.New("a scheme is written in small letters")
	}
	// The scheme is not quoted, because it may be half of a password.
	return fmt.Errorf("no driver of this program has this scheme; it has: %s; functions/server has every driver there is",
		strings.Join(slices.Compact(schemes), ", "))
}
