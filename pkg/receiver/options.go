package receiver

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"msgext/pkg/relay"
	"msgext/pkg/sink"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// Defaults of Options.
const (
	DefaultMaxBodyBytes = 1 << 20
	DefaultBudget       = 1500 * time.Millisecond
)

// Options configure a Receiver. Verifier must be set. Every other field may be left zero.
type Options struct {
	// Verifier decides who may call.
	Verifier webhook.Verifier

	// Path is the only path that takes webhooks; any path when empty. It is compared in constant
	// time, so response times reveal nothing but its length.
	Path string

	// AllowFrom are the addresses that webhooks are taken from; any address when empty. A request's
	// address is its RemoteAddr, with or without a port. IPv4 is written as IPv4, not mapped into
	// IPv6.
	AllowFrom []netip.Prefix

	// MaxBodyBytes caps the body of our commands; DefaultMaxBodyBytes when zero.
	MaxBodyBytes int64

	// Sinks get every change, and other commands when ForwardOther is set.
	Sinks        []sink.Sink
	ForwardOther bool

	// Store keeps the merged state; none when nil.
	Store state.Recorder

	// Announce are the texts that mark a sent message whose extensions are to be expected, see
	// msgext.Announced. Without texts no message is announced. The Store is told in addition to
	// whatever answers the command.
	Announce []string

	// Relay passes other commands to the app's own backend, which answers them. When it is nil we
	// acknowledge them. RelayBudget is the backend's time, from the request's arrival;
	// DefaultRelayBudget when zero. For commands whose answer Chat ignores it is at most 500 ms.
	Relay       *relay.Relay
	RelayBudget time.Duration

	// RelayPass lets Chat's console setting for failed webhooks decide about another command when
	// the backend does not answer it, or when we cannot ask the backend. The reply then has a
	// status other than 200. A 5xx answer of the backend is passed on too. Without RelayPass the
	// reply is OK in all these cases.
	RelayPass bool

	// Started is when the process started, for a platform that starts processes because a request
	// came. The first request has waited since then, and its line says how long. It is zero for a
	// process that runs whether or not there are requests.
	Started time.Time

	// Budget is the time from arrival within which everything must have accepted an event;
	// DefaultBudget when zero. An earlier deadline of the platform, less a margin to reply, takes
	// precedence.
	Budget time.Duration

	// Hold delays the reply to an event that our side failed to process until Chat has timed out. A
	// time-out is the only failure that Chat retries.
	Hold bool

	// Logger takes the one line per request; slog.Default() when nil. Requests that are refused
	// before anything is known of their sender get at most five lines a minute. The others are
	// counted, and the count is logged before the next line of any kind.
	Logger *slog.Logger

	// Metrics converts a request's measurements to attributes of its line; without it they are not
	// logged. It gets what was measured, each a number under its name (Accepted, RequestTime, ...),
	// and the kind of a refusal: signature, app, address or other, empty if nothing was refused. It
	// returns the attributes for the line. It may reuse the slice.
	Metrics func(at time.Time, measured []slog.Attr, refusal string) []slog.Attr

	// RequestID and InvocationID return the gateway's and the platform's identifier of a request;
	// none when nil. The line has the second only if it differs from the first.
	RequestID, InvocationID func(context.Context) string

	// Now is the clock; time.Now when nil.
	Now func() time.Time

	// Observe, when set, is called for every request once its reply is known, body included. It is
	// for the local console. It must return quickly and must not publish secrets.
	Observe func(Observation)
}

// withDefaults returns options in which no field that must not be zero is zero.
func (options Options) withDefaults() Options {
	if options.MaxBodyBytes == 0 {
		options.MaxBodyBytes = DefaultMaxBodyBytes
	}
	if options.Budget == 0 {
		options.Budget = DefaultBudget
	}
	if options.RelayBudget == 0 {
		options.RelayBudget = DefaultRelayBudget
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.InvocationID == nil {
		options.InvocationID = func(context.Context) string { return "" }
	}
	if options.RequestID == nil {
		options.RequestID = func(context.Context) string { return "" }
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return options
}
