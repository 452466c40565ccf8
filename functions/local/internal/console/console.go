// Package console is the local page on which a person watches webhooks arrive: a live list, each
// message with its versions and holes, its values counted as a poll, and buttons that send
// samples. It stands beside the receiver, which shows it every request, and never in its way:
// what is kept is bounded, and a slow browser is resynchronised or dropped.
//
// The page shows raw bodies, so it must only ever be served on loopback, to a loopback Host.
// Tokens it never has; a Sign it never keeps or shows, but for one freshly made for a line that is
// to be copied. No cloud function links this package.
package console

import (
	"context"
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"msgext/pkg/msgext"
	"msgext/pkg/receiver"
	"msgext/pkg/state"
)

// Options configure a Console. SDKAppID and BaseURL must be set; without the others the page
// has less to offer.
type Options struct {
	// SDKAppID is the app whose webhooks are shown, and sent.
	SDKAppID string

	// BaseURL is where this process takes webhooks, its path included if only one is taken.
	BaseURL string

	// Load reads a message's state; without it messages show what was delivered only.
	Load func(context.Context, msgext.Message) (state.Record, error)

	// List returns a page of all messages that the store holds, after a cursor, which is "" at
	// first; without it only those heard of lately are listed.
	List func(ctx context.Context, after string, limit int) (Page, error)

	// Send plays a request into this process' receiver; without it nothing can be sent.
	Send func(ctx context.Context, method, query string, body []byte) (status int, reply []byte)

	// Sign signs a RequestTime, for what the page sends; nil where no token is configured.
	Sign func(requestTime string) string

	// HideSigned keeps Sign out of the lines that are to be copied: they then read the token
	// from the reader's own shell. For every token but one made up for this run.
	HideSigned bool

	// Simulate plays the preset of that name, one of Presets, tells report how far it is, and
	// returns once it is over; none when nil. Its error's text is shown.
	Simulate func(ctx context.Context, preset string, report func(Progress)) error
	Presets  []string

	// Repairs says whether versions that did not arrive are read back from Chat.
	Repairs bool

	// MaxBodyBytes is the receiver's cap, for the sample above it; receiver.DefaultMaxBodyBytes
	// when zero.
	MaxBodyBytes int64

	// Token is what the page proves its origin with when it asks for a change; random when
	// empty. It has nothing to do with the app's webhook token.
	Token string

	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Console keeps what was observed and serves the page. It is safe for concurrent use.
type Console struct {
	options Options
	run     string // tells this process' entries from those of an earlier one
	history *history
	handler http.Handler
	streams chan struct{} // one for each open stream

	simulation simulation
	playing    sync.WaitGroup

	closing context.Context
	close   context.CancelFunc
}

// Page is a part of the list of all messages.
type Page struct {
	Messages []msgext.Message
	Next     string // the cursor of the next page
	More     bool
}

// New returns a Console that has seen nothing yet.
func New(options Options) *Console {
	if options.MaxBodyBytes == 0 {
		options.MaxBodyBytes = receiver.DefaultMaxBodyBytes
	}
	if options.Token == "" {
		options.Token = rand.Text()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &Console{options: options, run: rand.Text(), history: newHistory(capacity), streams: make(chan struct{}, maxStreams)}
	c.closing, c.close = context.WithCancel(context.Background())
	c.handler = c.routes()
	return c
}

// Observe takes in one request; it is a receiver.Options.Observe. It copies what it keeps and waits
// for nobody.
func (c *Console) Observe(o receiver.Observation) { c.history.add(fromObservation(o)) }

// Repaired takes in that message was read back from Chat, and what the read said. It waits for
// nobody.
func (c *Console) Repaired(message msgext.Message, read msgext.Snapshot, at time.Time) {
	c.history.add(fromRepair(message, read, at))
}

// Handler serves everything below /console/. It checks where a change is asked from, but not the
// Host: that is its caller's.
func (c *Console) Handler() http.Handler { return c.handler }

// Close ends the streams to browsers, which otherwise keep a server from shutting down, and a
// simulation; it is for http.Server.RegisterOnShutdown. What was observed stays readable.
func (c *Console) Close() {
	c.close()
	c.playing.Wait()
}
