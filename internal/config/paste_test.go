package config_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"msgext/internal/config"
)

// sound returns an environment in which every variable that several programs use has a value.
func sound() map[string]string {
	return map[string]string{
		"MSGEXT_SDK_APP_ID": "1400000000", "MSGEXT_TOKEN": "xxxxyyyy", "MSGEXT_PATH": "/chat/5f1d7a", "MSGEXT_ALLOW_FROM": "192.0.2.0/24", "MSGEXT_MAX_SKEW": "60s",
		"MSGEXT_MAX_BODY_BYTES": "1048576", "MSGEXT_REPLY_BUDGET": "1500ms", "MSGEXT_ON_FAILURE": "hold", "MSGEXT_STATE": "redis://h",
		"MSGEXT_SINKS": "stdout: https://h/", "MSGEXT_FORWARD_OTHER": "true", "MSGEXT_RELAY": "https://h/", "MSGEXT_RELAY_ON_FAILURE": "allow",
		"MSGEXT_RELAY_BUDGET": "1500ms", "MSGEXT_RELAY_HEADERS": "A: b", "MSGEXT_HTTP_SECRET": "whsec_YQ==", "MSGEXT_HTTP_HEADERS": "h A: b",
		"MSGEXT_HTTP_ALLOW_PLAIN": "true", "MSGEXT_HTTP_ALLOW_LINK_LOCAL": "false", "MSGEXT_KAFKA_SASL": "PLAIN", "MSGEXT_KAFKA_USERNAME": "u",
		"MSGEXT_KAFKA_PASSWORD": "p", "MSGEXT_KAFKA_TLS": "true", "MSGEXT_READ_TOKENS": "0123456789abcdef0123456789abcdef",
		"MSGEXT_CHAT_ENDPOINT": "singapore", "MSGEXT_CHAT_ADMIN": "administrator", "MSGEXT_CHAT_SECRET_KEY": "k",
		"MSGEXT_REPAIR_GRACE": "30s", "MSGEXT_REPAIR_READ": "all",
	}
}

func load(values map[string]string) (config.Config, error) {
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		environ = append(environ, name+"="+values[name])
	}
	return config.FromEnviron(environ, config.Local, local)
}

// White space around the value of any variable is removed.
func TestFromEnviron_WhiteSpaceAroundAnyValue(t *testing.T) {
	want, err := load(sound())
	require.NoError(t, err)
	for name := range sound() {
		for _, space := range []string{" ", "\n", "\r\n", "\t", "\u00a0"} {
			values := sound()
			values[name] = space + values[name] + space
			got, err := load(values)
			require.NoError(t, err, "%s, %q", name, space)
			assert.Equal(t, want, got, "%s, %q", name, space)
		}
	}
}

// Text that was copied along with a value is refused, and the error says what the text looks like.
func TestFromEnviron_WhatWasCopiedAlong(t *testing.T) {
	for name, value := range sound() {
		for _, test := range []struct{ value, want string }{
			{" \n", "nothing but white space"},
			{`"` + value + `"`, "stands in quotes"},
			{`'` + value + `'`, "stands in quotes"},
			{"`" + value + "`\n", "stands in quotes"},
			{"“" + value + "”", "stands in quotes"},
			{`""`, "stands in quotes"},
			{name + "=" + value, "begins with the variable's own name"},
			{`{"token": "plant7f3a"}`, "looks like JSON"},
			{`{ "a": {"b": ["plant7f3a"]} }`, "looks like JSON"},
			{`["plant7f3a", "b"]`, "looks like JSON"},
			{"{{resolve:secretsmanager:plant7f3a:SecretString}}", "looks like a {{resolve:...}} that nothing has resolved"},
			{"${env:plant7f3a}", "looks like a ${...}"},
			{"arn:aws:secretsmanager:eu-central-1:1:secret:plant7f3a", "looks like the ARN of a secret"},
			{"\ufeff" + value, "has a character that cannot be seen"},
			{value + "\u200b", "has a character that cannot be seen"},
			{value + "\x00", "has a character that cannot be seen"},
			{value + "\x1b[0m", "has a character that cannot be seen"},
			{`\"` + value + `\"`, "stands in quotes"},
			{value + `\n`, "ends with a \\n"},
			{value + `\r\n`, "ends with a \\n"},
			{"export " + name + "=plant7f3a", "has a line of its file in it"},
			{value + "\nMSGEXT_MAX_SKEW=plant7f3a", "has a line of its file in it"},
			{"$PLANT7F3A", "looks like a ${...} or another reference"},
			{"$(plant7f3a)", "looks like a ${...} or another reference"},
			{"%PLANT7F3A%", "looks like a ${...} or another reference"},
			{"{{ .Values.plant7f3a }}", "looks like a ${...} or another reference"},
			{"${{ secrets.PLANT7F3A }}", "looks like a ${...} or another reference"},
			{"!Ref plant7f3a", "looks like a ${...} or another reference"},
			{"<plant7f3a>", "looks like a text from a document"},
			{"<your plant7f3a>", "looks like a text from a document"},
			{"…", "looks like a text from a document"},
			{"...", "looks like a text from a document"},
			{"changeme", "looks like a text from a document"},
			{"REPLACE_ME", "looks like a text from a document"},
			{"Change it", "looks like a text from a document"},
			{"YOUR_PLANT7F3A_TOKEN", "looks like a text from a document"},
			{"the-secret-key", "looks like a text from a document"},
			{"my-plant7f3a-id", "looks like a text from a document"},
			{"********", "looks like a value that is hidden"},
			{"••••••", "looks like a value that is hidden"},
			{"●●●", "looks like a value that is hidden"},
			{"xXx", "looks like a value that is hidden"},
			{"null", "looks like what a program writes"},
			{"undefined", "looks like what a program writes"},
			{"<nil>", "looks like what a program writes"},
			{"<no value>", "looks like what a program writes"},
			{"[object Object]", "looks like what a program writes"},
			{value + "\xff", "has a character that cannot be seen, or is not text"},
		} {
			values := sound()
			values[name] = test.value
			_, err := load(values)
			require.ErrorContains(t, err, name+": "+test.want, "%q", test.value)
			assert.NotContains(t, err.Error(), "plant7f3a")
		}
	}
}

// A comment behind a value is a part of it, and would become a second token, sink or text.
func TestFromEnviron_ACommentBehindAValue(t *testing.T) {
	for name, value := range sound() {
		if slices.Contains([]string{"MSGEXT_HTTP_HEADERS", "MSGEXT_RELAY_HEADERS", "MSGEXT_KAFKA_PASSWORD"}, name) {
			continue // a header and a password may have one
		}
		for _, comment := range []string{" # plant7f3a", " #plant7f3a", "\t# a", " #"} {
			values := sound()
			values[name] = value + comment
			_, err := load(values)
			require.ErrorContains(t, err, name+": has a comment at its end", "%q", comment)
			assert.NotContains(t, err.Error(), "plant7f3a")
		}
	}
}

// A name that only looks like one of ours is reported. The setting would be dropped otherwise.
func TestFromEnviron_NamesThatLookRight(t *testing.T) {
	for name, want := range map[string]string{
		"\ufeffMSGEXT_PATH":  `"\ufeffMSGEXT_PATH": unknown variable; did you mean MSGEXT_PATH?`,
		"export MSGEXT_PATH": `"export MSGEXT_PATH": unknown variable; did you mean MSGEXT_PATH?`,
		" MSGEXT_PATH":       `" MSGEXT_PATH": unknown variable; did you mean MSGEXT_PATH?`,
		"MSGEXT_PATH ":       `"MSGEXT_PATH ": unknown variable; did you mean MSGEXT_PATH?`,
		"msgext_path":        "msgext_path: unknown variable; did you mean MSGEXT_PATH?",
		"Msgext_Path":        "Msgext_Path: unknown variable; did you mean MSGEXT_PATH?",
		"MSGEXT_PATHS":       "MSGEXT_PATHS: unknown variable; did you mean MSGEXT_PATH?",
		"MSGEXT_":            "MSGEXT_: unknown variable",
	} {
		_, err := config.FromEnviron([]string{"MSGEXT_SDK_APP_ID=1400000000", name + "=/plant7f3a"}, config.Local, local)
		require.Error(t, err, name)
		assert.Equal(t, "configuration:\n  "+want, err.Error())
	}
}

// Kubernetes sets these for a service with the name msgext, in every container of the namespace.
// Other programs' variables may have our prefix inside their names.
func TestFromEnviron_NamesOfOthers(t *testing.T) {
	environ := []string{"MSGEXT_SDK_APP_ID=1400000000"}
	for _, name := range []string{
		"MSGEXT_SERVICE_HOST", "MSGEXT_SERVICE_PORT", "MSGEXT_SERVICE_PORT_HTTP", "MSGEXT_PORT", "MSGEXT_PORT_8080_TCP", "MSGEXT_PORT_8080_TCP_PROTO",
		"MSGEXT_PORT_8080_TCP_PORT", "MSGEXT_PORT_8080_TCP_ADDR", "MSGEXT_SERVER_SERVICE_HOST", "MSGEXT_SERVER_PORT_53_UDP_ADDR", "TF_VAR_MSGEXT_TOKEN", "OLD_MSGEXT_PATH",
	} {
		environ = append(environ, name+"=10.0.0.1")
	}
	_, err := config.FromEnviron(environ, config.Local, local)
	assert.NoError(t, err)
}

func TestFromEnviron_Tokens(t *testing.T) {
	for value, want := range map[string]string{
		"old new": "", "old\nnew\n": "", "a'b": "", "a{b}": "", "xx": "", "**": "", "xxx1": "", "nonesuch": "", "todos": "", "my-poll": "", "mytoken": "",
		`"old" new`: "a token has a quote", `old "new"`: "a token has a quote", "old 'new": "a token has a quote",
		"old,new": "separated by spaces", "old, new": "separated by spaces", "old;new": "separated by spaces",
		strings.Repeat("y", 129): "longer than 128",
	} {
		values := sound()
		values["MSGEXT_TOKEN"] = value
		_, err := load(values)
		if want == "" {
			assert.NoError(t, err, value)
			continue
		}
		assert.ErrorContains(t, err, "MSGEXT_TOKEN: ", value)
		assert.ErrorContains(t, err, want, value)
	}
}

// The patterns of template.yaml accept every value that the programs accept, and refuse every value
// that the programs refuse.
func TestPatternsOfTheTemplate(t *testing.T) {
	content, err := os.ReadFile("../../template.yaml")
	require.NoError(t, err)
	var template struct {
		Parameters map[string]struct {
			AllowedPattern string `yaml:"AllowedPattern"`
		} `yaml:"Parameters"`
	}
	require.NoError(t, yaml.Unmarshal(content, &template))
	for parameter, test := range map[string]struct {
		variable string
		taken    []string
		refused  []string
	}{
		"SdkAppId": {"MSGEXT_SDK_APP_ID", []string{"1400000000", "1"}, []string{"0", "01400000000", "abc", `"1400000000"`, "1400000000.0", "1,400,000,000", "+1", "-1", "0x1", "１４", strings.Repeat("1", 21), "1400000000 1400000001"}},
		"Path": {"MSGEXT_PATH", []string{"/", "/chat", "/chat/", "/chat/5f1d7a", "/a.b/c-d_e~f", "/consoles", "/apiary/x", "/chat/console/", "/a/.well-known"}, []string{
			"chat", "https://h/chat", "/a%2Fb", "/a%20b", "/a b", "/a?b", "/a#b", "/a//b", "//a", "/a/../b", "/a/.", "/./a", "/..", "/ä", `/a\b`, "/a;b", "/a,/b",
			"/console", "/console/", "/console/hook", "/api", "/api/", "/api/hook", "*"}},
		"ReplyBudget": {"MSGEXT_REPLY_BUDGET", []string{"1500ms", "1900ms", "1s", "900ms", "1ms"}, []string{"60s", "1901ms", "2s", "2000ms", "0ms", "-1s", "1500", "1.5", "soon", "1m"}},
	} {
		pattern := template.Parameters[parameter].AllowedPattern
		require.NotEmpty(t, pattern, parameter)
		for _, value := range append(test.taken, test.refused...) {
			values := sound()
			values[test.variable] = value
			_, err := load(values)
			taken := slices.Contains(test.taken, value)
			assert.Equal(t, taken, err == nil, "%s=%s: %v", test.variable, value, err)
			assert.Equal(t, taken, matches(pattern, value), "%s: %s", parameter, value)
		}
	}
}

// matches reports whether CloudFormation accepts a value. Go's regular expressions have no
// lookahead, so the two lookaheads of Path's pattern are removed from it and tested before.
func matches(pattern, value string) bool {
	for _, lookahead := range []struct{ text, refuses string }{
		{`(?!/(console|api)(/|$))`, `^/(console|api)(/|$)`}, {`(?!\.{1,2}(/|$))`, `/\.{1,2}(/|$)`},
	} {
		if strings.Contains(pattern, lookahead.text) {
			if regexp.MustCompile(lookahead.refuses).MatchString(value) {
				return false
			}
			pattern = strings.ReplaceAll(pattern, lookahead.text, "")
		}
	}
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(value)
}
