package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"msgext/internal/spelling"
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

// FromEnviron reads the configuration of a program from an environment in the form of os.Environ. A
// variable that is set but empty counts as not set, because deploy templates cannot leave a
// variable out. White space around a value is removed, because consoles and files copy it along. A
// variable that only another of our programs uses is ignored. The error is an *Error. It lists
// every variable that is missing, malformed or unknown, and what the linked parts find wrong, in
// the order of Variables.
func FromEnviron(environ []string, function Function, linked Linked) (Config, error) {
	var c Config
	var problems []Problem
	values := ours(environ)
	for _, v := range Variables() {
		value, given := values[v.Name]
		delete(values, v.Name)
		if problem := barred(v.Name, function); problem != "" && given {
			problems = append(problems, Problem{v.Name, problem, ""})
		}
		if v.UsedBy&function == 0 {
			continue
		}
		if !given {
			if v.Required&function != 0 {
				problems = append(problems, Problem{v.Name, "missing", v.Example})
			}
			value = v.Default
		}
		if value == "" {
			continue
		}
		value = strings.TrimSpace(value)
		err := pasted(v.Name, value)
		if err == nil {
			err = v.set(&c, value)
		}
		if err != nil {
			problems = append(problems, Problem{v.Name, err.Error(), v.Example})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		problems = append(problems, Problem{visible(name), unknown(name), ""})
	}
	problems = append(problems, c.check(function, linked, unread(problems))...)
	if len(problems) > 0 {
		return Config{}, &Error{ordered(problems)}
	}
	c.complete(function)
	return c, nil
}

// unknown says that a variable is not one of ours, and which of ours is most like it.
func unknown(name string) string {
	var names []string
	for _, v := range Variables() {
		names = append(names, strings.TrimPrefix(v.Name, Prefix))
	}
	start := strings.Index(strings.ToUpper(name), Prefix)
	meant := spelling.Nearest(name[start+len(Prefix):], names)
	if meant == "" {
		return "unknown variable"
	}
	return "unknown variable; did you mean " + Prefix + meant + "?"
}

// visible returns a variable's name, in quotes where it has a character that could not be seen.
func visible(name string) string {
	if strings.ContainsFunc(name, func(c rune) bool { return unicode.IsSpace(c) || isInvisible(c) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

// barred says why a secret must not be given to a function: a function cannot leak a secret that it
// does not hold. It returns "" where nothing is wrong.
func barred(variable string, function Function) string {
	switch {
	case function == Webhook && variable == "MSGEXT_CHAT_SECRET_KEY":
		return "must not reach a webhook function, which has no use for it"
	case function == Read && (variable == "MSGEXT_CHAT_SECRET_KEY" || variable == "MSGEXT_TOKEN"):
		return "must not reach a read function, which has no use for it"
	}
	return ""
}

// unread returns the variables that already have a problem. Later checks leave them out.
func unread(problems []Problem) func(variable string) bool {
	return func(variable string) bool {
		return slices.ContainsFunc(problems, func(p Problem) bool { return p.Variable == variable })
	}
}

// check finds problems that involve several variables, and problems that the linked parts find.
func (c *Config) check(function Function, linked Linked, unread func(variable string) bool) []Problem {
	var problems []Problem
	add := func(variable, problem, example string) {
		if !unread(variable) {
			problems = append(problems, Problem{variable, problem, example})
		}
	}
	if function&(Webhook|Server) != 0 && len(c.Tokens) == 0 && !c.AllowUnsigned {
		add("MSGEXT_TOKEN", "missing", "the token of the Chat console, or MSGEXT_ALLOW_UNSIGNED=true for an app that has none")
	}
	if len(c.Tokens) > 0 && c.AllowUnsigned {
		add("MSGEXT_ALLOW_UNSIGNED", "contradicts MSGEXT_TOKEN: with a token every webhook is signed", "")
	}
	c.checkRelay(add)
	if len(c.Announce) > 0 && c.State.IsZero() && function&(Webhook|Server) != 0 && !unread("MSGEXT_STATE") {
		add("MSGEXT_ANNOUNCE", "needs MSGEXT_STATE, which keeps what is announced", "")
	}
	chatRead := !unread("MSGEXT_CHAT_ADMIN") && !unread("MSGEXT_CHAT_SECRET_KEY")
	if given := c.Chat; function&(Local|Server) != 0 && chatRead && given != (Chat{}) && (given.Endpoint == "" || given.Admin == "" || given.SecretKey == "") {
		add("MSGEXT_CHAT_ENDPOINT", "MSGEXT_CHAT_ENDPOINT, MSGEXT_CHAT_ADMIN and MSGEXT_CHAT_SECRET_KEY go together", "")
	}
	if function == Read && !unread("MSGEXT_READ_AUTH") && !c.ReadByIAM && len(c.ReadTokens) == 0 {
		add("MSGEXT_READ_TOKENS", "missing, with MSGEXT_READ_AUTH=tokens", "what openssl rand -hex 32 prints")
	}
	if c.ReadByIAM && len(c.ReadTokens) > 0 {
		add("MSGEXT_READ_TOKENS", "contradicts MSGEXT_READ_AUTH=iam: there the gateway alone decides", "")
	}
	linked.locate(*c, add)
	for _, check := range linked.Checks {
		for _, p := range check(*c) {
			add(p.Variable, p.Problem, p.Example)
		}
	}
	return problems
}

// ordered puts problems in the order of Variables. Problems of unknown variables come last.
func ordered(problems []Problem) []Problem {
	variables := Variables()
	place := func(p Problem) int {
		if i := slices.IndexFunc(variables, func(v Variable) bool { return v.Name == p.Variable }); i >= 0 {
			return i
		}
		return len(variables)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return place(a) - place(b) })
	return slices.Compact(problems)
}

// complete sets the defaults that depend on more than one variable.
func (c *Config) complete(function Function) {
	if function&(Local|State) != 0 && c.State.IsZero() {
		c.State = Location{Scheme: "sqlite", URL: "sqlite:msgext.db"}
	}
	if len(c.Sinks) == 0 && (function == Local || function == Webhook && c.State.IsZero()) {
		c.Sinks = []Location{{Scheme: "stdout", URL: "stdout:"}}
	}
}

// serviceLink finds the variables that Kubernetes sets in every container for a service whose name
// begins with msgext (kubernetes.io/docs/concepts/services-networking/service, environment
// variables). They are not ours.
var serviceLink = pattern(`^MSGEXT_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`, "_SERVICE_HOST", "_PORT")

// ours returns the variables whose names begin with Prefix. A name that only looks so is among
// them, as it stands: such as one after a byte order mark, after export, or in small letters. It is
// not one of ours, and to ignore it would drop a setting without a word.
func ours(environ []string) map[string]string {
	values := make(map[string]string)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		bare := strings.TrimLeftFunc(name, func(c rune) bool { return unicode.IsSpace(c) || isInvisible(c) })
		bare = strings.TrimSpace(strings.TrimPrefix(bare, "export "))
		if strings.HasPrefix(strings.ToUpper(bare), Prefix) && value != "" && !serviceLink(name) {
			values[name] = value
		}
	}
	return values
}
