package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"msgext/pkg/msgext"
)

const (
	// pace is the time between two messages. It allows a tenth of the calls that Chat allows,
	// because repair runs at the same time.
	pace = 50 * time.Millisecond

	maxLine = 1 << 20 // bytes
)

// deferred is the value of fate in the log line of a webhook that the store or a sink did not
// accept.
const deferred = "deferred"

// line is a line of standard input: a log line, or a message as the REST API names it.
type line struct {
	msgext.Address

	Fate        string `json:"fate"`
	GroupID     string `json:"group_id"`
	MsgSeq      *int64 `json:"msg_seq"`
	FromAccount string `json:"from_account"`
	ToAccount   string `json:"to_account"`
	MsgKey      string `json:"msg_key"`
	Announced   *bool  `json:"announced"` // false where the store did not accept an announcement
}

// wish is what a line asks to do with a message.
type wish int

const (
	ignored  wish = iota
	replay        // read it and tell all destinations
	announce      // note it in the store, so that repair reads it
)

// wanted is a message and what to do with it.
type wanted struct {
	message msgext.Message
	wish    wish
}

// lineReader finds the messages that lines name.
type lineReader struct {
	app   string
	pairs bool   // a line may be GROUP_ID MSG_SEQ; a log line may look the same by chance
	heard *heard // counts the lines; may be nil
}

// heard counts lines that are not blank, and those of them that were understood: they name a
// message, or are log lines of a webhook.
type heard struct{ lines, understood int }

// errNotUnderstood says that the input is of some other form. Without it a misspelt list would look
// like one whose messages are done.
var errNotUnderstood = errors.New("no line of standard input names a message in a form that is known: see -h")

// check returns errNotUnderstood if there were lines and not one was understood.
func (h *heard) check() error {
	if h.lines > 0 && h.understood == 0 {
		return errNotUnderstood
	}
	return nil
}

// each reads all lines, and calls do with each message that a line names: once for each wish, and
// at the pace. It calls read with every line.
func (r lineReader) each(ctx context.Context, stdin io.Reader, read func(fresh bool), do func(wanted)) error {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	seen := make(map[wanted]bool)
	scanner := bufio.NewScanner(stdin)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		w := r.parse(scanner.Bytes())
		fresh := w.wish != ignored && !seen[w]
		read(fresh)
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
	if err := scanner.Err(); err != nil {
		return errors.New("standard input cannot be read, or has a line of more than a megabyte")
	}
	return nil
}

// parse returns the message that a line names, and what to do with it. Nothing is to be done for a
// webhook that was accepted or rejected, unless its announcement was not accepted. Text that a
// platform writes before the JSON is ignored.
func (r lineReader) parse(text []byte) wanted {
	w, understood := r.understand(text)
	if r.heard != nil && len(bytes.TrimSpace(text)) > 0 {
		r.heard.lines++
		if understood {
			r.heard.understood++
		}
	}
	return w
}

func (r lineReader) understand(text []byte) (w wanted, understood bool) {
	if message, ok := pair(r.app, text); ok && r.pairs {
		return wanted{message, replay}, true
	}
	begin := bytes.IndexByte(text, '{')
	var l line
	if begin < 0 || json.Unmarshal(text[begin:], &l) != nil {
		return wanted{}, false
	}
	switch {
	case l.Announced != nil && !*l.Announced:
		w.wish = announce
	case l.Fate == "" || l.Fate == deferred:
		w.wish = replay
	default:
		return wanted{}, true
	}
	address := l.Address
	if address == (msgext.Address{}) {
		address = msgext.Address{GroupID: l.GroupID, MsgSeq: l.MsgSeq, From: l.FromAccount, To: l.ToAccount, MsgKey: l.MsgKey}
	}
	message, err := address.Message(r.app)
	if err != nil {
		return wanted{}, l.Fate != ""
	}
	w.message = message
	return w, true
}

// pair parses a line GROUP_ID MSG_SEQ.
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
