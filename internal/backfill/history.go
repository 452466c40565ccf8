package backfill

import (
	"context"
	"strconv"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

// Filter reports whether extensions of a message are expected. It decides by the message as Chat
// has it.
type Filter func(json []byte) bool

// All expects extensions of every message.
func All([]byte) bool { return true }

// Expecting expects extensions where an announcement would, see msgext.Expected.
func Expecting(texts ...string) Filter {
	return func(json []byte) bool { return msgext.Expected(json, texts) }
}

func (f Filter) of(sent []chatapi.Sent) (messages []msgext.Message) {
	for _, s := range sent {
		if f(s.JSON) {
			messages = append(messages, s.Message)
		}
	}
	return messages
}

// Group is the history of a group, the newest message first. Its position is in its fields alone,
// so that a copy of them continues at the same place.
type Group struct {
	Chat   *chatapi.Client
	Group  string
	Filter Filter
	UpTo   int64 // the MsgSeq to begin with; 0 for the newest message
}

// Next implements Source.
func (g *Group) Next(ctx context.Context) (Batch, error) {
	page, err := g.Chat.GroupHistory(ctx, g.Group, g.UpTo)
	if err != nil {
		return Batch{}, err
	}
	g.UpTo = page.Next
	return Batch{g.Filter.of(page.Messages), len(page.Messages), []string{"--up-to", strconv.FormatInt(page.Next, 10)}, !page.More}, nil
}

// C2C is the history of two accounts, the newest messages first.
type C2C struct {
	Chat   *chatapi.Client
	Span   chatapi.Span
	Filter Filter
}

// Next implements Source.
func (c *C2C) Next(ctx context.Context) (Batch, error) {
	page, err := c.Chat.C2CHistory(ctx, c.Span)
	if err != nil {
		return Batch{}, err
	}
	c.Span = page.Next
	return Batch{c.Filter.of(page.Messages), len(page.Messages),
		[]string{"--until", page.Next.Until.UTC().Format(time.RFC3339), "--before", page.Next.Before}, !page.More}, nil
}
