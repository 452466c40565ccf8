package config

import "time"

// Chat waits 2 s for a reply (trtc.io/document/34354). The budgets leave some of it for the
// network: for the way back, and with a relay also for the way to the backend.
const (
	maxReplyBudget = 1900 * time.Millisecond
	maxRelayBudget = 1800 * time.Millisecond
)

// Variable is one environment variable of ours.
type Variable struct {
	Name    string
	UsedBy  Function // one or more functions
	Default string   // the parsed value where the variable is not set; "" when there is none
	Example string

	// Required names the functions that do not start without it.
	Required Function

	// set parses a value; its error says the rule, never the value.
	set func(c *Config, value string) error
}

// Variables returns the table of all variables, in the order of docs/configuration.md.
func Variables() []Variable {
	const (
		takes = Webhook | Local | Server
		all   = Webhook | Repair | Local | Server | Backfill
		reads = Repair | Local | Server | Backfill
		tools = State | Schema
	)
	return []Variable{
		{"MSGEXT_SDK_APP_ID", all | Read | State | Send | Sources, "", "1400000000", Webhook | Repair | Read | State | Server | Backfill | Sources, setAppID},
		{"MSGEXT_TOKEN", takes | Send, "", "the token of the Chat console", 0, setTokens},
		{"MSGEXT_ALLOW_UNSIGNED", takes, "false", "true", 0, boolean(func(c *Config) *bool { return &c.AllowUnsigned })},
		{"MSGEXT_PATH", takes | Send, "", "/chat/5f1d7a", 0, setPath},
		{"MSGEXT_ALLOW_FROM", takes | Sources, "", "203.0.113.0/24 198.51.100.7", 0, setAllowFrom},
		{"MSGEXT_MAX_SKEW", takes, "60s", "60s", 0, duration(time.Second, time.Hour, func(c *Config) *time.Duration { return &c.MaxSkew })},
		{"MSGEXT_MAX_BODY_BYTES", takes, "1048576", "1048576", 0, setMaxBodyBytes},
		{"MSGEXT_REPLY_BUDGET", takes, "1500ms", "1500ms", 0, duration(time.Millisecond, maxReplyBudget, func(c *Config) *time.Duration { return &c.ReplyBudget })},
		{"MSGEXT_ON_FAILURE", takes, "fail", "hold", 0, choice("fail", "hold", func(c *Config) *bool { return &c.Hold })},
		{"MSGEXT_STATE", all | Read | tools, "", "postgres://user@host/database", Repair | Read | Schema | Server | Backfill, setState},
		{"MSGEXT_SINKS", all, "", "sqs://votes.fifo https://example.com/hook", 0, setSinks},
		{"MSGEXT_FORWARD_OTHER", takes, "false", "true", 0, boolean(func(c *Config) *bool { return &c.ForwardOther })},
		{"MSGEXT_ANNOUNCE", takes | Backfill, "", "group_poll", 0, setAnnounce},
		{"MSGEXT_RELAY", takes, "", "https://example.com/chat", 0, setRelay},
		{"MSGEXT_RELAY_ON_FAILURE", takes, "pass", "allow", 0, choice("pass", "allow", func(c *Config) *bool { return &c.Relay.Allow })},
		{"MSGEXT_RELAY_BUDGET", takes, "1500ms", "1500ms", 0, duration(100*time.Millisecond, maxRelayBudget, func(c *Config) *time.Duration { return &c.Relay.Budget })},
		{"MSGEXT_RELAY_HEADERS", takes, "", "Authorization: Bearer 5f1d7a", 0, setRelayHeaders},
		{"MSGEXT_HTTP_SECRET", all, "", "whsec_ and what openssl rand -base64 32 prints", 0, setHTTPSecrets},
		{"MSGEXT_HTTP_HEADERS", all, "", "example.com Authorization: Bearer 5f1d7a", 0, setHTTPHeaders},
		{"MSGEXT_HTTP_ALLOW_PLAIN", all, "false", "true", 0, boolean(func(c *Config) *bool { return &c.HTTP.AllowPlain })},
		{"MSGEXT_HTTP_ALLOW_LINK_LOCAL", all, "false", "true", 0, boolean(func(c *Config) *bool { return &c.HTTP.AllowLinkLocal })},
		{"MSGEXT_KAFKA_SASL", all, "", "SCRAM-SHA-256", 0, text(func(c *Config) *string { return &c.Kafka.Mechanism })},
		{"MSGEXT_KAFKA_USERNAME", all, "", "msgext", 0, setKafkaUsername},
		{"MSGEXT_KAFKA_PASSWORD", all, "", "the user's password", 0, text(func(c *Config) *string { return (*string)(&c.Kafka.Password) })},
		{"MSGEXT_KAFKA_TLS", all, "", "true", 0, setKafkaTLS},
		{"MSGEXT_READ_AUTH", Read, "", "tokens", Read, choice("tokens", "iam", func(c *Config) *bool { return &c.ReadByIAM })},
		{"MSGEXT_READ_TOKENS", Read | Local | Server, "", "what openssl rand -hex 32 prints", 0, setReadTokens},
		{"MSGEXT_CHAT_ENDPOINT", reads | Sources, "", "singapore", Repair | Backfill | Sources, text(func(c *Config) *string { return &c.Chat.Endpoint })},
		{"MSGEXT_CHAT_ADMIN", reads | Sources, "", "administrator", Repair | Backfill | Sources, setAdmin},
		{"MSGEXT_CHAT_SECRET_KEY", reads | Sources, "", "the secret key of the Chat console", Repair | Backfill | Sources, setSecretKey},
		{"MSGEXT_REPAIR_GRACE", reads, "30s", "30s", 0, duration(time.Second, time.Hour, func(c *Config) *time.Duration { return &c.RepairGrace })},
		{"MSGEXT_REPAIR_READ", reads, "gaps", "all", 0, choice("gaps", "all", func(c *Config) *bool { return &c.ReadAll })},
		{"MSGEXT_RETENTION", reads, "keep", "90d", 0, setRetention},
		{"MSGEXT_VERIFY_SAMPLE", reads, "0", "20", 0, setVerifySample},
	}
}
