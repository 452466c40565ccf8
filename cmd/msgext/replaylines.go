package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

// replayWorkers is how many messages are replayed at once.
const replayWorkers = 8

var errNotReplayed = errors.New("replay: some messages were not replayed")

// replayed counts the outcomes of the messages.
type replayed struct {
	mu sync.Mutex

	Lines     int `json:"lines"`    // of standard input
	Messages  int `json:"messages"` // messages that the lines name, each once
	Replayed  int `json:"replayed"`
	Gone      int `json:"gone"` // Chat no longer has them
	Failed    int `json:"failed"`
	Announced int `json:"announced"`
}

func (r *replayed) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := "replay: "
	if r.Lines > 0 {
		text += fmt.Sprintf("%d lines, ", r.Lines)
	}
	text += fmt.Sprintf("%d messages: %d replayed, %d that Chat has no more, %d failed", r.Messages, r.Replayed, r.Gone, r.Failed)
	if r.Announced > 0 {
		text += fmt.Sprintf(", %d announced", r.Announced)
	}
	return text
}

// read counts a line, and its messages that were not named before.
func (r *replayed) read(fresh int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Lines++
	r.Messages += fresh
}

// note counts an outcome, and reports whether it is a failure.
func (r *replayed) note(wanted wish, err error) (failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil && wanted == announce:
		r.Announced++
	case err == nil:
		r.Replayed++
	case errors.Is(err, chatapi.ErrGone):
		r.Gone++
	default:
		r.Failed++
		return true
	}
	return false
}

// replayMessage replays the message that the command line names.
func replayMessage(ctx context.Context, repairer *repair.Repairer, message msgext.Message, asJSON bool, c console) error {
	counts := replayed{Messages: 1}
	err := repairer.Replay(ctx, message)
	counts.note(replay, err)
	fmt.Fprintln(c.stderr, &counts)
	if asJSON {
		err = errors.Join(err, c.printJSON(&counts))
	}
	return err
}

// replayLines replays each message that a line of standard input names, and shows its progress.
func replayLines(ctx context.Context, repairer *repair.Repairer, lines lineReader, asJSON bool, c console) error {
	var counts replayed
	p := newProgress(c.stderr)
	messages := make(chan wanted)
	var working sync.WaitGroup
	for range replayWorkers {
		working.Go(func() {
			for w := range messages {
				err := replayOne(ctx, repairer, w)
				if counts.note(w.wish, err) {
					p.failed(w.message, err)
				}
			}
		})
	}
	err := lines.each(ctx, c.stdin, c.wait, counts.read, func(w wanted) {
		p.show(&counts)
		messages <- w
	})
	close(messages)
	working.Wait()
	p.end(&counts)
	if asJSON {
		err = errors.Join(err, c.printJSON(&counts))
	}
	if err == nil && counts.Failed > 0 {
		return errNotReplayed
	}
	return errors.Join(err, lines.heard.check())
}

func replayOne(ctx context.Context, repairer *repair.Repairer, w wanted) error {
	if w.wish == announce {
		return repairer.Announce(ctx, w.message)
	}
	return repairer.Replay(ctx, w.message)
}
