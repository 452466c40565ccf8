// Package console is the local page on which a person watches webhooks arrive: a live list, each
// message with its versions and gaps, its values counted as a poll, and buttons that send samples.
// The receiver tells it of every request and never waits for it. What it keeps is bounded. A slow
// browser loads the list again, or its connection is closed.
//
// The page shows raw bodies, so it must only be served on loopback, to a loopback Host. It never
// has tokens. It never keeps or shows a Sign, except one made for a line to copy. No cloud function
// links this package.
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

// Options configure a Console. SDKAppID and BaseURL must be set. Without the others the page offers
// less.
type Options struct {
	// SDKAppID is the app whose webhooks are shown and sent.
	SDKAppID string

	// BaseURL is where this process takes webhooks, with the path if only one path is taken.
	BaseURL string

	// Load reads a message's state. Without it a message shows only what was delivered.
	Load func(context.Context, msgext.Message) (state.Record, error)

	// List returns a page of all messages in the store. after is the cursor, "" for the first page.
	// Without List only messages with recent deliveries are listed.
	List func(ctx context.Context, after string, limit int) (Page, error)

	// Send sends a request to this process's receiver. Without it nothing can be sent.
	Send func(ctx context.Context, method, query string, body []byte) (status int, reply []byte)

	// Sign signs a RequestTime of a request that the page sends; nil where no token is configured.
	Sign func(requestTime string) string

	// HideSigned leaves Sign out of lines to copy. Such a line makes the signature from the token
	// in the reader's shell. It is for every token that was not made up for this run.
	HideSigned bool

	// Simulate plays one of Presets by name, and returns when it is over. It calls report with its
	// progress. Its error is shown. Without Simulate there are no simulations.
	Simulate func(ctx context.Context, preset string, report func(Progress)) error
	Presets  []string

	// Repairs says whether lost versions are read back from Chat.
	Repairs bool

	// MaxBodyBytes is the receiver's limit, which one sample exceeds; receiver.DefaultMaxBodyBytes
	// when zero.
	MaxBodyBytes int64

	// Token proves that a request for a change comes from the page itself; random when empty. It
	// has nothing to do with the app's webhook token.
	Token string

	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Console keeps what was observed and serves the page. It is safe for concurrent use.
type Console struct {
	options Options
	run     string // tells the entries of this run from those of an earlier one
	history *history
	handler http.Handler
	streams chan struct{} // has one element for each open stream

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

// New returns a Console without entries.
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

// Observe records one request; it is a receiver.Options.Observe. It copies what it keeps and never
// blocks.
func (c *Console) Observe(o receiver.Observation) { c.history.add(fromObservation(o)) }

// Repaired records that a message was read back from Chat, and what the read returned. It never
// blocks.
func (c *Console) Repaired(message msgext.Message, read msgext.Snapshot, at time.Time) {
	c.history.add(fromRepair(message, read, at))
}

// Handler serves everything below /console/. It checks that a change is asked for by the page. The
// caller must check the Host.
func (c *Console) Handler() http.Handler { return c.handler }

// Close ends the streams to browsers, which otherwise keep a server from shutting down, and a
// running simulation. It is for http.Server.RegisterOnShutdown. The recorded entries can still be
// read.
func (c *Console) Close() {
	c.close()
	c.playing.Wait()
}
