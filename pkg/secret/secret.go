// Package secret has the one type for tokens, keys and URLs with credentials. Printing, logging or
// encoding it gives REDACTED. Only Reveal returns the text.
//
// It is for programs that pass credentials to packages of this module. Its API is v0: it may
// change with any release.
package secret

import (
	"fmt"
	"log/slog"
)

// Redacted replaces a secret wherever it is printed.
const Redacted = "REDACTED"

// String is a text that must not be printed. The zero value is the empty secret.
type String string

// Reveal returns the text itself.
func (s String) Reveal() string { return string(s) }

// Format implements fmt.Formatter, so that no verb prints the text, %x and %q included.
func (s String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Redacted)) }

// String implements fmt.Stringer.
func (s String) String() string { return Redacted }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText keeps the text out of JSON and of every other encoding that uses
// encoding.TextMarshaler.
func (s String) MarshalText() ([]byte, error) { return []byte(Redacted), nil }
