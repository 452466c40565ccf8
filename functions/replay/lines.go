package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
}

// parseLine returns the message that a line names, and whether it is to be replayed: the line of a webhook that was
// accepted or rejected is not. What a platform writes before the JSON is left out.
func parseLine(app string, text []byte) (message msgext.Message, wanted bool) {
	begin := bytes.IndexByte(text, '{')
	var l line
	if begin < 0 || json.Unmarshal(text[begin:], &l) != nil || l.Fate != "" && l.Fate != deferred {
		return msgext.Message{}, false
	}
	address := l.Address
	if address == (msgext.Address{}) {
		address = msgext.Address{GroupID: l.GroupID, MsgSeq: l.MsgSeq, From: l.FromAccount, To: l.ToAccount, MsgKey: l.MsgKey}
	}
	message, err := address.Message(app)
	return message, err == nil
}

// replaying counts what becomes of the messages.
type replaying struct {
	mu                                sync.Mutex
	lines, messages, done, gone, fail int
}

func (r *replaying) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("replay: %d lines, %d messages: %d replayed, %d that Chat has no more, %d failed", r.lines, r.messages, r.done, r.gone, r.fail)
}

func (r *replaying) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.done++
	case errors.Is(err, chatapi.ErrGone):
		r.gone++
	default:
		r.fail++
	}
}

// replayLines replays each message that a line names, once, and says on stderr how far it is.
func replayLines(ctx context.Context, repairer *repair.Repairer, app string, stdin io.Reader, stderr io.Writer) error {
	var counts replaying
	progress := time.NewTicker(progressEvery)
	defer progress.Stop()
	messages := make(chan msgext.Message)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for message := range messages {
				err := repairer.Replay(ctx, message)
				counts.note(err)
				if err != nil && !errors.Is(err, chatapi.ErrGone) {
					fmt.Fprintf(stderr, "%s: %v\n", message.Path(), err)
				}
			}
		})
	}
	err := eachMessage(ctx, app, stdin, &counts, func(message msgext.Message) {
		select {
		case <-progress.C:
			fmt.Fprintln(stderr, &counts)
		default:
		}
		messages <- message
	})
	close(messages)
	working.Wait()
	fmt.Fprintln(stderr, &counts)
	if err == nil && counts.fail > 0 {
		err = errNotReplayed
	}
	return err
}

// eachMessage calls do with each message that a line names, once and at the pace.
func eachMessage(ctx context.Context, app string, stdin io.Reader, counts *replaying, do func(msgext.Message)) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	seen := make(map[msgext.Message]bool)
	scanner := bufio.NewScanner(stdin)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		message, wanted := parseLine(app, scanner.Bytes())
		wanted = wanted && !seen[message]
		counts.mu.Lock()
		counts.lines++
		if wanted {
			counts.messages++
		}
		counts.mu.Unlock()
		if !wanted {
			continue
		}
		seen[message] = true
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		do(message)
	}
	return scanner.Err()
}
