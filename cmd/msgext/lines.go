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

// Values in the log line of a webhook.
const (
	deferred = "deferred" // fate: the store or a sink did not accept the webhook
	lost     = "lost"     // effect: the body was refused, and nothing reads its message back
)

// line is a line of standard input: a log line, or a message as the REST API names it.
type line struct {
	msgext.Address

	Fate        string  `json:"fate"`
	Effect      string  `json:"effect"`
	GroupID     string  `json:"group_id"`
	MsgSeq      *int64  `json:"msg_seq"`
	MsgSeqs     []int64 `json:"msg_seqs"` // several, of a recall
	FromAccount string  `json:"from_account"`
	ToAccount   string  `json:"to_account"`
	MsgKey      string  `json:"msg_key"`
	Announced   *bool   `json:"announced"` // false where the store did not accept an announcement
	Doubted     *bool   `json:"doubted"`   // false where the store did not accept a recall
}

// wish returns what the line asks for. It asks for nothing if what the webhook said is not lost.
func (l line) wish() wish {
	switch {
	case l.Announced != nil && !*l.Announced:
		return announce
	case l.Fate == "" || l.Fate == deferred || l.Effect == lost || l.Doubted != nil && !*l.Doubted:
		return replay
	}
	return ignored
}

// addresses returns what the line names.
func (l line) addresses() []msgext.Address {
	if l.Address != (msgext.Address{}) {
		return []msgext.Address{l.Address}
	}
	if l.MsgSeqs == nil {
		return []msgext.Address{{GroupID: l.GroupID, MsgSeq: l.MsgSeq, From: l.FromAccount, To: l.ToAccount, MsgKey: l.MsgKey}}
	}
	addresses := make([]msgext.Address, len(l.MsgSeqs))
	for i := range l.MsgSeqs {
		addresses[i] = msgext.Address{GroupID: l.GroupID, MsgSeq: &l.MsgSeqs[i]}
	}
	return addresses
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
// at the pace, which wait keeps. It calls read with every line, and with how many of its messages
// were not named before.
func (r lineReader) each(ctx context.Context, stdin io.Reader, wait waiter, read func(fresh int), do func(wanted)) error {
	seen := make(map[wanted]bool)
	scanner := bufio.NewScanner(stdin)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		var fresh []wanted
		for _, w := range r.parse(scanner.Bytes()) {
			if !seen[w] {
				seen[w] = true
				fresh = append(fresh, w)
			}
		}
		read(len(fresh))
		for _, w := range fresh {
			if err := wait(ctx, pace); err != nil {
				return err
			}
			do(w)
		}
	}
	if err := scanner.Err(); err != nil {
		return errors.New("standard input cannot be read, or has a line of more than a megabyte")
	}
	return nil
}

// messages returns the messages that a line names.
func (r lineReader) messages(text []byte) (messages []msgext.Message) {
	for _, w := range r.parse(text) {
		messages = append(messages, w.message)
	}
	return messages
}

// parse returns the messages that a line names, and what to do with them. Nothing is to be done for
// a webhook of which nothing was lost. Text that a platform writes before the JSON is ignored.
func (r lineReader) parse(text []byte) []wanted {
	all, understood := r.understand(text)
	if r.heard != nil && len(bytes.TrimSpace(text)) > 0 {
		r.heard.lines++
		if understood {
			r.heard.understood++
		}
	}
	return all
}

func (r lineReader) understand(text []byte) (all []wanted, understood bool) {
	if message, ok := pair(r.app, text); ok && r.pairs {
		return []wanted{{message, replay}}, true
	}
	begin := bytes.IndexByte(text, '{')
	var l line
	if begin < 0 || json.Unmarshal(text[begin:], &l) != nil {
		return nil, false
	}
	wish := l.wish()
	if wish == ignored {
		return nil, true
	}
	for _, address := range l.addresses() {
		if message, err := address.Message(r.app); err == nil {
			all = append(all, wanted{message, wish})
		}
	}
	return all, len(all) > 0 || l.Fate != ""
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
