package backfill

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"strconv"

	"msgext/pkg/msgext"
)

const maxLine = 1 << 20 // bytes

// ErrLine means that a line could not be read, or is too long.
var ErrLine = errors.New("backfill: a line cannot be read, or is longer than a megabyte")

// Lines is a Source of messages that lines of text name. Each message is returned once.
type Lines struct {
	parse func(line []byte) []msgext.Message
	lines chan []byte
	err   error // of the reader, once lines is closed
	read  int
	seen  map[msgext.Message]bool
}

// NewLines begins to read lines, until the context ends. parse returns the messages that a line
// names. The first skip lines are passed over.
func NewLines(ctx context.Context, from io.Reader, skip int, parse func(line []byte) []msgext.Message) *Lines {
	l := &Lines{parse: parse, lines: make(chan []byte), seen: make(map[msgext.Message]bool)}
	// In a goroutine of its own, because a read from a terminal may block for ever.
	go l.scan(ctx, from, skip)
	return l
}

func (l *Lines) scan(ctx context.Context, from io.Reader, skip int) {
	defer close(l.lines)
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, maxLine)
	for n := 0; scanner.Scan(); n++ {
		var line []byte
		if n >= skip {
			line = append([]byte{}, scanner.Bytes()...)
		}
		select {
		case l.lines <- line:
		case <-ctx.Done():
			return
		}
	}
	if scanner.Err() != nil {
		l.err = ErrLine
	}
}

// Next implements Source: the messages of the next line that names one that was not named before.
func (l *Lines) Next(ctx context.Context) (Batch, error) {
	var batch Batch
	for {
		select {
		case line, more := <-l.lines:
			switch {
			case !more && ctx.Err() != nil:
				return Batch{}, ctx.Err()
			case !more && l.err != nil:
				return Batch{}, l.err
			case !more && batch.Passed > 0:
				return batch, nil
			case !more:
				return Batch{}, io.EOF
			}
			l.read++
			batch.After = []string{"--skip", strconv.Itoa(l.read)}
			if line == nil {
				continue
			}
			batch.Passed++
			for _, message := range l.parse(line) {
				if !l.seen[message] {
					l.seen[message] = true
					batch.Messages = append(batch.Messages, message)
				}
			}
			if batch.Messages != nil {
				return batch, nil
			}
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// Messages returns all messages that the lines name.
func (l *Lines) Messages(ctx context.Context) iter.Seq2[msgext.Message, error] {
	return func(yield func(msgext.Message, error) bool) {
		for {
			batch, err := l.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(msgext.Message{}, err)
				return
			}
			for _, message := range batch.Messages {
				if !yield(message, nil) {
					return
				}
			}
		}
	}
}
