package config

import (
	"fmt"
	"slices"
	"strings"
)

// Prefix is what all our variables begin with.
const Prefix = "MSGEXT_"

// Problem is what is wrong with one variable. It never quotes the value.
type Problem struct {
	Variable string
	Problem  string
	Example  string
}

func (p Problem) String() string {
	text := p.Variable + ": " + p.Problem
	if p.Example != "" {
		text += ", for example: " + p.Example
	}
	return text
}

// Error lists everything that is wrong with an environment.
type Error struct{ Problems []Problem }

func (e *Error) Error() string {
	lines := []string{"configuration:"}
	for _, problem := range e.Problems {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "\n  ")
}

// FromEnviron reads the configuration of a function from an environment in the form of
// os.Environ. A variable that is set but empty counts as not set, because deploy templates cannot leave one out.
// One that only another of our functions uses is ignored. Its error is an *Error with every
// missing, malformed and unknown variable.
func FromEnviron(environ []string, function Function, drivers Drivers) (Config, error) {
	var c Config
	var problems []Problem
	add := func(variable, problem, example string) {
		problems = append(problems, Problem{variable, problem, example})
	}
	values := ours(environ)
	for _, v := range Variables() {
		value, given := values[v.Name]
		delete(values, v.Name)
		if v.Name == "MSGEXT_CHAT_SECRET_KEY" && function == Webhook && given {
			add(v.Name, "must not reach a webhook function, which has no use for it", "")
		}
		if v.UsedBy&function == 0 {
			continue
		}
		if !given {
			if v.Required&function != 0 {
				add(v.Name, "missing", v.Example)
			}
			value = v.Default
		}
		if value == "" {
			continue
		}
		if err := v.set(&c, value); err != nil {
			add(v.Name, err.Error(), v.Example)
		}
	}
	for _, name := range sortedKeys(values) {
		add(name, "unknown variable", "")
	}
	c.check(function, drivers, add)
	if len(problems) > 0 {
		return Config{}, &Error{problems}
	}
	c.complete(function)
	return c, nil
}

// check finds what is wrong between variables and with the drivers they ask for.
func (c *Config) check(function Function, drivers Drivers, add func(variable, problem, example string)) {
	if function == Webhook && len(c.Tokens) == 0 && !c.AllowUnsigned {
		add("MSGEXT_TOKEN", "missing", "the token of the Chat console, or MSGEXT_ALLOW_UNSIGNED=true for an app that has none")
	}
	if len(c.Tokens) > 0 && c.AllowUnsigned {
		add("MSGEXT_ALLOW_UNSIGNED", "contradicts MSGEXT_TOKEN: with a token every webhook is signed", "")
	}
	if !c.State.IsZero() && !slices.Contains(drivers.States, c.State.Scheme) {
		add("MSGEXT_STATE", notLinked(c.State.Scheme, drivers.States), "")
	}
	for i, s := range c.Sinks {
		if !slices.Contains(drivers.Sinks, s.Scheme) {
			add("MSGEXT_SINKS", fmt.Sprintf("sink %d: ", i+1)+notLinked(s.Scheme, drivers.Sinks), "")
		}
	}
	c.checkRelay(add)
	if (c.Kafka.Mechanism == "") != (c.Kafka.Username == "" && c.Kafka.Password == "") {
		add("MSGEXT_KAFKA_SASL", "goes together with MSGEXT_KAFKA_USERNAME and MSGEXT_KAFKA_PASSWORD", "")
	}
	if given := c.Chat; function == Local && given != (Chat{}) && (given.Endpoint == "" || given.Admin == "" || given.SecretKey == "") {
		add("MSGEXT_CHAT_ENDPOINT", "MSGEXT_CHAT_ENDPOINT, MSGEXT_CHAT_ADMIN and MSGEXT_CHAT_SECRET_KEY go together", "")
	}
}

func notLinked(scheme string, linked []string) string {
	return fmt.Sprintf("this binary has no driver %s, it has: %s", scheme, strings.Join(linked, ", "))
}

// complete sets the defaults that depend on more than one variable.
func (c *Config) complete(function Function) {
	if function == Local && c.State.IsZero() {
		c.State, _ = parseLocation("sqlite:msgext.db")
	}
	if len(c.Sinks) == 0 && (function == Local || function == Webhook && c.State.IsZero()) {
		c.Sinks = []Location{{Scheme: "stdout", URL: "stdout:"}}
	}
}

func ours(environ []string) map[string]string {
	values := make(map[string]string)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, Prefix) && value != "" {
			values[name] = value
		}
	}
	return values
}

func sortedKeys(values map[string]string) []string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
