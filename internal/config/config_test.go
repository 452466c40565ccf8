package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/config"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
)

// fake is a driver whose Check refuses an empty place and a bad one.
func fake(schemes ...string) config.Driver {
	return config.Driver{Schemes: schemes, Check: func(_ config.Config, location config.Location) error {
		if location.Place() == "" || location.Place() == "bad" {
			return errors.New("no place")
		}
		return nil
	}}
}

// bare is a driver whose locations are a scheme and a colon only.
func bare(scheme string) config.Driver {
	return config.Driver{Schemes: []string{scheme}, Check: func(_ config.Config, location config.Location) error {
		if location.Place() != "" {
			return errors.New("a place")
		}
		return nil
	}}
}

var (
	cloud = config.Linked{
		Stores: []config.Driver{fake("redis", "rediss"), fake("postgres", "postgresql")}, Sinks: []config.Driver{bare("stdout"), fake("https"), fake("kafka")}}
	local = config.Linked{
		Stores: append([]config.Driver{bare("memory"), fake("sqlite")}, cloud.Stores...), Sinks: append([]config.Driver{fake("sqs")}, cloud.Sinks...),
		Checks: []config.Check{func(c config.Config) []config.Problem {
			if c.Kafka.Mechanism == "bad" {
				return []config.Problem{{Variable: "MSGEXT_KAFKA_SASL", Problem: "unknown mechanism"}}
			}
			return nil
		}}}
)

func TestFromEnviron_Defaults(t *testing.T) {
	got, err := config.FromEnviron([]string{"MSGEXT_SDK_APP_ID=1400000000", "MSGEXT_TOKEN=secret", "PATH=/bin"}, config.Webhook, cloud)
	require.NoError(t, err)
	assert.Equal(t, config.Config{
		SDKAppID: "1400000000", Tokens: []secret.String{"secret"},
		MaxSkew: time.Minute, MaxBodyBytes: 1 << 20, ReplyBudget: 1500 * time.Millisecond,
		Relay: config.Relay{Budget: 1500 * time.Millisecond},
		Sinks: []config.Location{{Scheme: "stdout", URL: "stdout:"}},
	}, got)
}

func TestFromEnviron_LocalNeedsNothing(t *testing.T) {
	got, err := config.FromEnviron(nil, config.Local, local)
	require.NoError(t, err)
	assert.Equal(t, config.Location{Scheme: "sqlite", URL: "sqlite:msgext.db"}, got.State)
	assert.Equal(t, []config.Location{{Scheme: "stdout", URL: "stdout:"}}, got.Sinks)
	assert.Empty(t, got.Tokens)
	assert.Equal(t, 30*time.Second, got.RepairGrace)
}

func TestFromEnviron_StdoutIsTheDefaultOnlyWhereNothingElseTakesTheEvent(t *testing.T) {
	webhook := []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_STATE=redis://votes"}
	got, err := config.FromEnviron(webhook, config.Webhook, cloud)
	require.NoError(t, err)
	assert.Empty(t, got.Sinks)
}

func TestFromEnviron_Everything(t *testing.T) {
	got, err := config.FromEnviron([]string{
		"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=old new", "MSGEXT_PATH=/chat/5f1d", "MSGEXT_MAX_SKEW=2m",
		"MSGEXT_MAX_BODY_BYTES=65536", "MSGEXT_REPLY_BUDGET=1s", "MSGEXT_ON_FAILURE=hold", "MSGEXT_STATE=postgresql://u:p@h/d",
		"MSGEXT_SINKS=https://example.com/hook?x=1 kafka://a:9092,b:9092/votes sqs://votes.fifo",
		"MSGEXT_FORWARD_OTHER=true", "MSGEXT_RELAY=https://169.254.1.1/chat?key=1", "MSGEXT_RELAY_ON_FAILURE=allow", "MSGEXT_RELAY_BUDGET=1800ms",
		"MSGEXT_RELAY_HEADERS=Authorization: Bearer x\nX-Key: y",
		"MSGEXT_HTTP_SECRET=whsec_YQ== whsec_Yg==", "MSGEXT_HTTP_ALLOW_LINK_LOCAL=true",
		"MSGEXT_HTTP_HEADERS=example.com:8443 Authorization: Bearer x\n\n example.org\tX-Key:y", "MSGEXT_HTTP_ALLOW_PLAIN=true",
		"MSGEXT_KAFKA_SASL=SCRAM-SHA-512", "MSGEXT_KAFKA_USERNAME=u", "MSGEXT_KAFKA_PASSWORD=p", "MSGEXT_KAFKA_TLS=true",
		"MSGEXT_CHAT_ENDPOINT=singapore", "MSGEXT_CHAT_ADMIN=administrator", "MSGEXT_CHAT_SECRET_KEY=k",
		"MSGEXT_REPAIR_GRACE=10s", "MSGEXT_REPAIR_READ=all", "MSGEXT_RETENTION=90d", "MSGEXT_VERIFY_SAMPLE=20", "MSGEXT_ALLOW_FROM=192.0.2.0/24",
	}, config.Local, local)
	require.NoError(t, err)
	assert.Equal(t, config.Config{
		SDKAppID: "1", Tokens: []secret.String{"old", "new"}, Path: "/chat/5f1d", MaxSkew: 2 * time.Minute,
		MaxBodyBytes: 65536, ReplyBudget: time.Second, Hold: true,
		State: config.Location{Scheme: "postgresql", URL: "postgresql://u:p@h/d"},
		Sinks: []config.Location{
			{Scheme: "https", URL: "https://example.com/hook?x=1"},
			{Scheme: "kafka", URL: "kafka://a:9092,b:9092/votes"},
			{Scheme: "sqs", URL: "sqs://votes.fifo"},
		},
		ForwardOther: true,
		Relay: config.Relay{
			URL: "https://169.254.1.1/chat?key=1", Allow: true, Budget: 1800 * time.Millisecond,
			Headers: []relay.Header{{Name: "Authorization", Value: "Bearer x"}, {Name: "X-Key", Value: "y"}},
		},
		HTTP: config.HTTP{Secrets: []secret.String{"whsec_YQ==", "whsec_Yg=="}, AllowLinkLocal: true, AllowPlain: true,
			Headers: []config.HostHeader{
				{Line: 1, Host: "example.com:8443", Name: "Authorization", Value: "Bearer x"},
				{Line: 3, Host: "example.org", Name: "X-Key", Value: "y"},
			}},
		Kafka:       config.Kafka{Mechanism: "SCRAM-SHA-512", Username: "u", Password: "p", TLS: true},
		Chat:        config.Chat{Endpoint: "singapore", Admin: "administrator", SecretKey: "k"},
		RepairGrace: 10 * time.Second, ReadAll: true, Retention: 90 * 24 * time.Hour, VerifySample: 20, AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	}, got)
}

func TestFromEnviron_EveryProblemAtOnce(t *testing.T) {
	const plant, token = "7f3a", "0123456789abcdef0123456789abcdef"
	reading := func(more ...string) []string {
		return append([]string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_STATE=redis://h", "MSGEXT_SINKS=" + plant}, more...)
	}
	tests := []struct {
		name     string
		function config.Function
		environ  []string
		want     []string // variables with a problem, in order
	}{
		{"nothing for a webhook", config.Webhook, nil, []string{"MSGEXT_SDK_APP_ID", "MSGEXT_TOKEN"}},
		{"nothing for repair", config.Repair, nil, []string{
			"MSGEXT_SDK_APP_ID", "MSGEXT_STATE", "MSGEXT_CHAT_ENDPOINT", "MSGEXT_CHAT_ADMIN", "MSGEXT_CHAT_SECRET_KEY"}},
		{"an empty token is no token", config.Webhook, []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN="}, []string{"MSGEXT_TOKEN"}},
		{"blank tokens", config.Local, []string{"MSGEXT_TOKEN=  "}, []string{"MSGEXT_TOKEN"}},
		{"unsigned together with a token", config.Local, []string{"MSGEXT_TOKEN=" + plant, "MSGEXT_ALLOW_UNSIGNED=true"}, []string{"MSGEXT_ALLOW_UNSIGNED"}},
		{"the admin's key must not reach a webhook", config.Webhook,
			[]string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=" + plant, "MSGEXT_CHAT_SECRET_KEY=" + plant}, []string{"MSGEXT_CHAT_SECRET_KEY"}},
		{"nothing for a read", config.Read, nil, []string{"MSGEXT_SDK_APP_ID", "MSGEXT_STATE", "MSGEXT_READ_AUTH"}},
		{"a read that nothing opens", config.Read, reading("MSGEXT_READ_AUTH=tokens"), []string{"MSGEXT_READ_TOKENS"}},
		{"a read opened by something else", config.Read, reading("MSGEXT_READ_AUTH="+plant, "MSGEXT_READ_TOKENS="+token), []string{"MSGEXT_READ_AUTH"}},
		{"a read opened by both", config.Read, reading("MSGEXT_READ_AUTH=iam", "MSGEXT_READ_TOKENS="+token), []string{"MSGEXT_READ_TOKENS"}},
		{"a token to read that can be guessed", config.Read, reading("MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS="+token+" "+plant+token[5:]), []string{"MSGEXT_READ_TOKENS"}},
		{"a token to read in quotes", config.Read, reading("MSGEXT_READ_AUTH=tokens", `MSGEXT_READ_TOKENS="`+plant+token+`"`), []string{"MSGEXT_READ_TOKENS"}},
		{"tokens to read with a comma between", config.Read, reading("MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS="+plant+token+","+token), []string{"MSGEXT_READ_TOKENS"}},
		{"a secret that is JSON", config.Read, reading("MSGEXT_READ_AUTH=tokens", `MSGEXT_READ_TOKENS={"token":"`+plant+token+`"}`), []string{"MSGEXT_READ_TOKENS"}},
		{"a token to read locally that can be guessed", config.Local, []string{"MSGEXT_READ_TOKENS=" + plant}, []string{"MSGEXT_READ_TOKENS"}},
		{"keys must not reach a read", config.Read, reading("MSGEXT_READ_AUTH=iam", "MSGEXT_TOKEN="+plant, "MSGEXT_CHAT_SECRET_KEY="+plant), []string{"MSGEXT_TOKEN", "MSGEXT_CHAT_SECRET_KEY"}},
		{"a read by IAM", config.Read, reading("MSGEXT_READ_AUTH=iam"), nil},
		{"a read by tokens", config.Read, reading("MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS="+token+" Az09-._~+/"+token+"=="), nil},
		{"every kind of malformed", config.Local, []string{
			"MSGEXT_MAX_SKEW=" + plant, "MSGEXT_MAX_BODY_BYTES=-1", "MSGEXT_REPLY_BUDGET=1h", "MSGEXT_ON_FAILURE=" + plant, "MSGEXT_PATH=" + plant,
			"MSGEXT_FORWARD_OTHER=yes", "MSGEXT_RELAY=http://" + plant + ".example/", "MSGEXT_RELAY_ON_FAILURE=" + plant, "MSGEXT_RELAY_BUDGET=1801ms", "MSGEXT_RELAY_HEADERS=Host: " + plant,
			"MSGEXT_STATE=" + plant + "://x", "MSGEXT_SINKS=stdout: ftp://" + plant,
			"MSGEXT_KAFKA_SASL=bad", "MSGEXT_REPAIR_READ=" + plant, "MSGEXT_VERIFY_SAMPLE=1001", "MSGEXT_TYPO=" + plant, "MSGEXT_ANOTHER=" + plant,
		}, []string{
			"MSGEXT_PATH", "MSGEXT_MAX_SKEW", "MSGEXT_MAX_BODY_BYTES", "MSGEXT_REPLY_BUDGET", "MSGEXT_ON_FAILURE", "MSGEXT_STATE", "MSGEXT_SINKS",
			"MSGEXT_FORWARD_OTHER", "MSGEXT_RELAY", "MSGEXT_RELAY_ON_FAILURE", "MSGEXT_RELAY_BUDGET", "MSGEXT_RELAY_HEADERS", "MSGEXT_KAFKA_SASL", "MSGEXT_REPAIR_READ", "MSGEXT_VERIFY_SAMPLE", "MSGEXT_ANOTHER", "MSGEXT_TYPO"}},
		{"kept for less than the last look takes", config.Local, []string{"MSGEXT_RETENTION=7d"}, []string{"MSGEXT_RETENTION"}},
		{"kept for more than a century", config.Local, []string{"MSGEXT_RETENTION=36501d"}, []string{"MSGEXT_RETENTION"}},
		{"kept for a number of no unit", config.Local, []string{"MSGEXT_RETENTION=90"}, []string{"MSGEXT_RETENTION"}},
		{"kept for less than nothing", config.Local, []string{"MSGEXT_RETENTION=-90d"}, []string{"MSGEXT_RETENTION"}},
		{"kept for another unit", config.Local, []string{"MSGEXT_RETENTION=2160h"}, []string{"MSGEXT_RETENTION"}},
		{"kept for the shortest time", config.Local, []string{"MSGEXT_RETENTION=8d"}, nil},
		{"kept for the longest", config.Local, []string{"MSGEXT_RETENTION=36500d"}, nil},
		{"half of the REST access", config.Local, []string{"MSGEXT_CHAT_ADMIN=" + plant}, []string{"MSGEXT_CHAT_ENDPOINT"}},
		{"every sink", config.Local, []string{"MSGEXT_SINKS=https://bad stdout:x kafka:"}, []string{"MSGEXT_SINKS", "MSGEXT_SINKS", "MSGEXT_SINKS"}},
		{"what could not be read is not missing, too", config.Webhook, []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=  "}, []string{"MSGEXT_TOKEN"}},
		{"in the table's order", config.Local, []string{"MSGEXT_TYPO=1", "MSGEXT_REPAIR_READ=" + plant, "MSGEXT_STATE=sqlite:bad"}, []string{"MSGEXT_STATE", "MSGEXT_REPAIR_READ", "MSGEXT_TYPO"}},
		{"a tool that reads a message", config.State, []string{"MSGEXT_STATE=sqlite:bad", "MSGEXT_SINKS=" + plant}, []string{"MSGEXT_SDK_APP_ID", "MSGEXT_STATE"}},
		{"nothing for a server", config.Server, nil, []string{"MSGEXT_SDK_APP_ID", "MSGEXT_TOKEN", "MSGEXT_STATE"}},
		{"a tool that makes a schema", config.Schema, nil, []string{"MSGEXT_STATE"}},
		{"a tool that signs", config.Send, []string{"MSGEXT_PATH=" + plant, "MSGEXT_STATE=" + plant}, []string{"MSGEXT_PATH"}},
		{"another function's variables are ignored", config.Webhook,
			[]string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_REPAIR_GRACE=" + plant, "MSGEXT_CHAT_ADMIN=" + plant}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			linked := local
			if test.function&(config.Webhook|config.Repair|config.Read) != 0 {
				linked = cloud
			}
			_, err := config.FromEnviron(test.environ, test.function, linked)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			var failure *config.Error
			require.ErrorAs(t, err, &failure)
			var got []string
			for _, problem := range failure.Problems {
				got = append(got, problem.Variable)
			}
			assert.Equal(t, test.want, got)
			assert.NotContains(t, err.Error(), plant)
		})
	}
}

func TestFromEnviron_DriversThatAreNotLinkedAreNamed(t *testing.T) {
	environ := []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_TOKEN=t", "MSGEXT_STATE=sqlite:x.db", "MSGEXT_SINKS=stdout: 7f3a://127.0.0.1/"}
	_, err := config.FromEnviron(environ, config.Webhook, cloud)
	assert.EqualError(t, err, "configuration:\n"+
		"  MSGEXT_STATE: no driver of this program has this scheme; it has: postgres, postgresql, redis, rediss; functions/server has every driver there is\n"+
		"  MSGEXT_SINKS: sink 2: no driver of this program has this scheme; it has: https, kafka, stdout; functions/server has every driver there is")
}

func TestFromEnviron_SplitsLocations(t *testing.T) {
	for sinks, want := range map[string]string{
		"":                             "",
		"stdout":                       "MSGEXT_SINKS: sink 1: no scheme such as stdout: or https://",
		"https://a https:":             "MSGEXT_SINKS: sink 2: no place",
		"https://a,https://b":          "MSGEXT_SINKS: sink 1: sinks are separated by spaces, not by commas or semicolons",
		"https://a,stdout:":            "MSGEXT_SINKS: sink 1: sinks are separated by spaces, not by commas or semicolons",
		"kafka://a:9092,b:9092/votes":  "",
		"https://a?with=one,https://b": "MSGEXT_SINKS: sink 1: sinks are separated by spaces, not by commas or semicolons",
	} {
		_, err := config.FromEnviron([]string{"MSGEXT_SINKS=" + sinks}, config.Local, local)
		if want == "" {
			assert.NoError(t, err, sinks)
			continue
		}
		assert.ErrorContains(t, err, want, sinks)
	}
}

func TestConfig_PrintsNoSecret(t *testing.T) {
	const plant = "7f3aplant"
	cfg, err := config.FromEnviron([]string{
		"MSGEXT_TOKEN=" + plant, "MSGEXT_STATE=postgres://u:" + plant + "@h/d", "MSGEXT_SINKS=https://example.com/" + plant,
		"MSGEXT_HTTP_SECRET=whsec_" + plant, "MSGEXT_HTTP_HEADERS=example.com Authorization: " + plant, "MSGEXT_KAFKA_SASL=PLAIN", "MSGEXT_KAFKA_USERNAME=u", "MSGEXT_KAFKA_PASSWORD=" + plant,
		"MSGEXT_CHAT_ENDPOINT=tokyo", "MSGEXT_CHAT_ADMIN=a", "MSGEXT_CHAT_SECRET_KEY=" + plant,
	}, config.Local, local)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, cfg), plant, verb)
	}
}

func TestFromEnviron_WhatOpensARead(t *testing.T) {
	const token = "0123456789abcdef0123456789abcdef"
	environ := []string{"MSGEXT_SDK_APP_ID=1", "MSGEXT_STATE=redis://h"}
	got, err := config.FromEnviron(append(environ, "MSGEXT_READ_AUTH=tokens", "MSGEXT_READ_TOKENS= "+token+" "+token[1:]+"0 "), config.Read, cloud)
	require.NoError(t, err)
	assert.Equal(t, []secret.String{token, secret.String(token[1:] + "0")}, got.ReadTokens)
	assert.False(t, got.ReadByIAM)
	assert.Empty(t, got.Sinks, "a read has none, not even a default")
	got, err = config.FromEnviron(append(environ, "MSGEXT_READ_AUTH=iam"), config.Read, cloud)
	require.NoError(t, err)
	assert.Empty(t, got.ReadTokens)
	assert.True(t, got.ReadByIAM)
}

func ExampleFromEnviron() {
	_, err := config.FromEnviron([]string{"MSGEXT_TOKEN=t", "MSGEXT_MAX_SKEW=soon", "MSGEXT_TOKENS=t"}, config.Webhook, config.Linked{})
	var failure *config.Error
	if errors.As(err, &failure) {
		fmt.Fprintln(os.Stdout, failure)
	}
	// Output:
	// configuration:
	//   MSGEXT_SDK_APP_ID: missing, for example: 1400000000
	//   MSGEXT_MAX_SKEW: not a duration such as 1500ms or 60s, for example: 60s
	//   MSGEXT_TOKENS: unknown variable; did you mean MSGEXT_TOKEN?
}

func TestFromEnviron_RelayToALinkLocalAddress(t *testing.T) {
	environ := []string{"MSGEXT_RELAY=https://169.254.169.254/"}
	_, err := config.FromEnviron(environ, config.Local, local)
	require.EqualError(t, err, "configuration:\n  MSGEXT_RELAY: link-local and metadata addresses are refused")
	_, err = config.FromEnviron(append(environ, "MSGEXT_HTTP_ALLOW_LINK_LOCAL=true"), config.Local, local)
	require.NoError(t, err)
}

// RelayPasses reads the relay's variables even where every other variable is wrong.
func TestRelayPasses(t *testing.T) {
	for _, test := range []struct {
		environ []string
		want    bool
	}{
		{nil, false},
		{[]string{"MSGEXT_RELAY=", "MSGEXT_TYPO=1"}, false},
		{[]string{"MSGEXT_RELAY=no URL", "MSGEXT_TYPO=1"}, true},
		{[]string{"MSGEXT_RELAY=https://example.com", "MSGEXT_RELAY_ON_FAILURE="}, true},
		{[]string{"MSGEXT_RELAY=https://example.com", "MSGEXT_RELAY_ON_FAILURE=typo"}, true},
		{[]string{"MSGEXT_RELAY=https://example.com", "MSGEXT_RELAY_ON_FAILURE=allow"}, false},
	} {
		assert.Equal(t, test.want, config.RelayPasses(test.environ), test.environ)
	}
}
