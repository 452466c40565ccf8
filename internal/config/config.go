// Package config reads the environment into one typed struct and reports every problem at once. The
// table in variables.go is the one list of variables; docs/configuration.md's table and both deploy
// templates are compared with it by a test.
package config

import (
	"net/netip"
	"time"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Function says which of our programs is being configured.
type Function int

// The programs. Read is the function that answers with one message's key-values. Local and Server
// run all functions in one process; Local makes up the settings that it needs. State reads or
// erases a message, Schema makes a store's tables, and Send signs requests as Chat does. Backfill
// reads back messages of a history, and Sources asks Chat for the addresses of its webhooks.
const (
	Webhook Function = 1 << iota
	Repair
	Read
	Local
	State
	Schema
	Send
	Server
	Backfill
	Sources
)

// Config is everything that the environment decides.
type Config struct {
	SDKAppID      string
	Tokens        []secret.String
	AllowUnsigned bool
	Path          string         // "" for any
	AllowFrom     []netip.Prefix // MSGEXT_ALLOW_FROM; empty for any address
	MaxSkew       time.Duration
	MaxBodyBytes  int64
	ReplyBudget   time.Duration
	Hold          bool // MSGEXT_ON_FAILURE=hold

	State        Location // zero for none
	Sinks        []Location
	ForwardOther bool
	Announce     []string // MSGEXT_ANNOUNCE: texts, see msgext.Announced
	Relay        Relay

	HTTP  HTTP
	Kafka Kafka

	ReadTokens []secret.String // MSGEXT_READ_TOKENS
	ReadByIAM  bool            // MSGEXT_READ_AUTH=iam: a gateway has authenticated the caller

	Chat        Chat
	RepairGrace time.Duration
	ReadAll     bool          // MSGEXT_REPAIR_READ=all
	Retention   time.Duration // 0 keeps messages for good

	VerifySample int // MSGEXT_VERIFY_SAMPLE: messages that a run of repair compares with Chat
}

// Chat is how Chat's REST API is reached. Endpoint is "" where it is not reached.
type Chat struct {
	Endpoint  string // a region's name or a base URL
	Admin     string
	SecretKey secret.String
}

// HTTP configures the https:// sinks. The addresses that it allows are allowed to the relay too.
type HTTP struct {
	Secrets        []secret.String // Standard Webhooks, whsec_...; unsigned when empty
	Headers        []HostHeader
	AllowLinkLocal bool
	AllowPlain     bool
}

// Allow returns where requests may go.
func (h HTTP) Allow() outbound.Allow {
	return outbound.Allow{LinkLocal: h.AllowLinkLocal, Plain: h.AllowPlain}
}

// HostHeader is a header that goes to one host only. The host is that of a URL, with the port where
// the URL has one.
type HostHeader struct {
	Line  int // of MSGEXT_HTTP_HEADERS, from 1 for the first that is not blank
	Host  string
	Name  string
	Value secret.String
}

// Kafka configures the kafka:// sinks.
type Kafka struct {
	Mechanism string // "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512" or "AWS_MSK_IAM"
	Username  string
	Password  secret.String
	TLS       bool
	Plain     bool // MSGEXT_KAFKA_TLS=false: no TLS
}
