package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

const (
	// pace lies between two messages: a tenth of the calls that Chat allows, since repair goes on meanwhile.
	pace = 50 * time.Millisecond

	// workers is how many messages are under way at once.
	workers = 8

	// progressEvery is how often it is said how far things are.
	progressEvery = 5 * time.Second

	maxLine = 1 << 20 // bytes
)

// errWithout is the error of a message that has no extensions, which is no failure.
var errWithout = errors.New("replay: no extensions")

// backfill reads a message that may be unknown here or have no extensions.
func backfill(ctx context.Context, repairer *repair.Repairer, message msgext.Message) error {
	found, err := repairer.Backfill(ctx, message)
	if err == nil && !found {
		return errWithout
	}
	return err
}

var errNotReplayed = errors.New("replay: some messages were not replayed")

// deferred is how fate stands in the line of a webhook that was not accepted everywhere.
const deferred = "deferred"

// line is what a line of standard input may say: a log line's names, or those of the REST API.
type line struct {
	msgext.Address

	Fate        string `json:"fate"`
	GroupID     string `json:"group_id"`
	MsgSeq      *int64 `json:"msg_seq"`
	FromAccount string `json:"from_account"`
	ToAccount   string `json:"to_account"`
	MsgKey      string `json:"msg_key"`
	Announced   *bool  `json:"announced"` // false where the store did not take an announcement
}

// wish is what a line asks for a message.
type wish int

const (
	ignored  wish = iota
	replay        // read it and tell everybody
	announce      // make it known, so that repair reads it
)

// parseLine returns the message that a line names, and what is to be done: nothing for the line of a webhook that was
// accepted or rejected, unless its announcement was not taken. What a platform writes before the JSON is left out.
func parseLine(app string, text []byte) (message msgext.Message, wanted wish) {
	begin := bytes.IndexByte(text, '{')
	var l line
	if begin < 0 || json.Unmarshal(text[begin:], &l) != nil {
		return msgext.Message{}, ignored
	}
	switch {
	case l.Announced != nil && !*l.Announced:
		wanted = announce
	case l.Fate == "" || l.Fate == deferred:
		wanted = replay
	default:
		return msgext.Message{}, ignored
	}
	address := l.Address
	if address == (msgext.Address{}) {
		address = msgext.Address{GroupID: l.GroupID, MsgSeq: l.MsgSeq, From: l.FromAccount, To: l.ToAccount, MsgKey: l.MsgKey}
	}
	message, err := address.Message(app)
	if err != nil {
		return msgext.Message{}, ignored
	}
	return message, wanted
}

// pair returns the message of a line GROUP_ID MSG_SEQ.
func pair(app string, text []byte) (msgext.Message, bool) {
	fields := strings.Fields(string(text))
	if len(fields) != 2 {
		return msgext.Message{}, false
	}
	seq, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return msgext.Message{}, false
	}
	message, err := msgext.Address{GroupID: fields[0], MsgSeq: &seq}.Message(app)
	return message, err == nil
}

// replaying counts what becomes of the messages.
type replaying struct {
	mu                                sync.Mutex
	lines, messages, done, gone, fail int
	announced, without                int
}

func (r *replaying) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf("replay: %d lines, %d messages: %d replayed, %d that Chat has no more, %d failed", r.lines, r.messages, r.done, r.gone, r.fail)
	if r.without > 0 {
		text += fmt.Sprintf(", %d without extensions", r.without)
	}
	if r.announced > 0 {
		text += fmt.Sprintf(", %d announced", r.announced)
	}
	return text
}

func (r *replaying) note(wanted wish, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, errWithout):
		r.without++
	case err == nil && wanted == announce:
		r.announced++
	case err == nil:
		r.done++
	case errors.Is(err, chatapi.ErrGone):
		r.gone++
	default:
		r.fail++
	}
}

// replayLines replays each message that a line names, once, and says on stderr how far it is.
func replayLines(ctx context.Context, repairer *repair.Repairer, app string, backfilling bool, stdin io.Reader, stderr io.Writer) error {
	var counts replaying
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	messages := make(chan wanted)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for w := range messages {
				do := repairer.Replay
				switch {
				case w.wish == announce:
					do = repairer.Announce
				case backfilling:
					do = func(ctx context.Context, message msgext.Message) error { return backfill(ctx, repairer, message) }
				}
				err := do(ctx, w.message)
				counts.note(w.wish, err)
				if err != nil && !errors.Is(err, chatapi.ErrGone) && !errors.Is(err, errWithout) {
					fmt.Fprintf(stderr, "%s: %v\n", w.message.Path(), err)
				}
			}
		})
	}
	err := eachMessage(ctx, app, backfilling, stdin, &counts, func(w wanted) {
		select {
		case <-progress.C:
			fmt.Fprintln(stderr, &counts)
		default:
		}
		messages <- w
	})
	close(messages)
	working.Wait()
	fmt.Fprintln(stderr, &counts)
	if err == nil && counts.fail > 0 {
		err = errNotReplayed
	}
	return err
}

// wanted is what is to be done about a message.
type wanted struct {
	message msgext.Message
	wish    wish
}

// eachMessage calls do with each message that a line names, once for each wish and at the pace.
func eachMessage(ctx context.Context, app string, backfilling bool, stdin io.Reader, counts *replaying, do func(wanted)) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	seen := make(map[wanted]bool)
	scanner := bufio.NewScanner(stdin)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		var w wanted
		w.message, w.wish = parseLine(app, scanner.Bytes())
		if message, ok := pair(app, scanner.Bytes()); ok && backfilling {
			w = wanted{message, replay}
		}
		fresh := w.wish != ignored && !seen[w]
		counts.mu.Lock()
		counts.lines++
		if fresh {
			counts.messages++
		}
		counts.mu.Unlock()
		if !fresh {
			continue
		}
		seen[w] = true
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		do(w)
	}
	return scanner.Err()
}
