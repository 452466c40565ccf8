// Package config reads the environment into one typed struct and reports every problem
// at once. The table in variables.go is the one list of variables; the README's table and both deploy
// templates are compared with it by a test.
package config

import (
	"time"

	"msgext/pkg/secret"
)

// Function says which of our functions is being configured.
type Function int

// The functions. Local is both others in one loopback process.
const (
	Webhook Function = 1 << iota
	Repair
	Local
)

// String returns the function's name as the README's table has it.
func (f Function) String() string {
	switch f {
	case Webhook:
		return "webhook"
	case Repair:
		return "repair"
	}
	return "local"
}

// Drivers names the state and sink drivers that a binary links, by URL scheme. All others
// are refused by name.
type Drivers struct {
	States []string
	Sinks  []string
}

// Config is everything that the environment decides.
type Config struct {
	SDKAppID      string
	Tokens        []secret.String
	AllowUnsigned bool
	Path          string // "" for any
	MaxSkew       time.Duration
	MaxBodyBytes  int64
	ReplyBudget   time.Duration
	Hold          bool // MSGEXT_ON_FAILURE=hold

	State        Location // zero for none
	Sinks        []Location
	ForwardOther bool
	Relay        Relay

	HTTP  HTTP
	Kafka Kafka

	Chat        Chat
	RepairGrace time.Duration
	ReadAll     bool // MSGEXT_REPAIR_READ=all
}

// Chat is how Chat's REST API is reached. Endpoint is "" where it is not.
type Chat struct {
	Endpoint  string // a region's name or a base URL
	Admin     string
	SecretKey secret.String
}

// HTTP configures the https:// sinks.
type HTTP struct {
	Secrets        []secret.String // Standard Webhooks, whsec_...; unsigned when empty
	AllowLinkLocal bool
}

// Kafka configures the kafka:// sinks.
type Kafka struct {
	Mechanism string // "", "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	Username  string
	Password  secret.String
	TLS       bool
}

// Location is a state store or a sink: a driver and where it finds its data.
type Location struct {
	Scheme string
	// URL is the whole text as given. It may carry credentials, so it is never logged.
	URL secret.String
	// Rest is what follows the scheme's colon and slashes.
	Rest secret.String
}

// IsZero reports whether there is no such place.
func (l Location) IsZero() bool { return l.Scheme == "" }
