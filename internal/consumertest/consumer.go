// Package consumertest is a program behind a sink, as a user would write it with package consumer.
// Tests ask it what such a user would show.
package consumertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"msgext/pkg/cloudevent"
	"msgext/pkg/consumer"
	"msgext/pkg/msgext"
)

// ErrDown is Send's error while the consumer is down.
var ErrDown = errors.New("consumertest: down")

// Consumer is a sink.Sink, and the HTTP endpoint of one. It is safe for concurrent use.
type Consumer struct {
	mu     sync.Mutex
	down   bool
	events []cloudevent.Event
	views  map[string]*consumer.View // by partition key
}

// New returns a Consumer that knows nothing.
func New() *Consumer { return &Consumer{views: make(map[string]*consumer.View)} }

// Name implements sink.Sink.
func (c *Consumer) Name() string { return "consumer" }

// Close implements sink.Sink.
func (c *Consumer) Close() error { return nil }

// Send implements sink.Sink.
func (c *Consumer) Send(_ context.Context, event cloudevent.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return ErrDown
	}
	c.events = append(c.events, event)
	return c.view(event.PartitionKey()).Take(event)
}

// ServeHTTP takes an event as an https: sink sends it.
func (c *Consumer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		var event cloudevent.Event
		if event, err = cloudevent.Decode(body); err == nil {
			err = c.Send(r.Context(), event)
		}
	}
	if err != nil {
		// 403 is final, so that the test does not wait for further tries.
		w.WriteHeader(http.StatusForbidden)
	}
}

// SetDown makes the consumer refuse everything, or accept again.
func (c *Consumer) SetDown(down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down = down
}

// Reply returns the consumer's view of a message, in the form of Chat's own read.
func (c *Consumer) Reply(m msgext.Message) msgext.ReadReply {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view(m.Path()).Reply()
}

// Taken returns all events, in the order in which they came.
func (c *Consumer) Taken() []cloudevent.Event {
	return c.which(func(cloudevent.Event) bool { return true })
}

// Repaired returns the events that carried a complete read.
func (c *Consumer) Repaired() []cloudevent.Event { return c.which(cloudevent.Event.IsRepaired) }

// Gone returns the events that said that a message no longer exists.
func (c *Consumer) Gone() []cloudevent.Event { return c.which(cloudevent.Event.IsGone) }

func (c *Consumer) which(is func(cloudevent.Event) bool) []cloudevent.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	var events []cloudevent.Event
	for _, event := range c.events {
		if is(event) {
			events = append(events, event)
		}
	}
	return events
}

func (c *Consumer) view(key string) *consumer.View {
	if c.views[key] == nil {
		c.views[key] = new(consumer.View)
	}
	return c.views[key]
}
