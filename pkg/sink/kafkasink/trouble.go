package kafkasink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"msgext/internal/outbound"
)

// trouble remembers the newest failure of a connection: refused, broken, or rejected by TLS or
// SASL. The client keeps trying until the context ends, and mentions such failures only in its log.
// So trouble is the client's logger (kgo.Logger), and Send's error can name the cause.
type trouble struct{ newest atomic.Pointer[failure] }

type failure struct {
	err error
	at  time.Time
}

// Level implements kgo.Logger.
// It is the level at which the client logs every failed connection.
func (t *trouble) Level() kgo.LogLevel { return kgo.LogLevelInfo }

// Log implements kgo.Logger. It keeps the error of a line about a broker and ignores everything
// else.
func (t *trouble) Log(_ kgo.LogLevel, _ string, keyvals ...any) {
	var broker bool
	var failed error
	for i := 0; i+1 < len(keyvals); i += 2 {
		switch keyvals[i] {
		case "broker":
			broker = true
		case "err":
			failed, _ = keyvals[i+1].(error)
		}
	}
	if broker && failed != nil {
		t.note(failed)
	}
}

// note keeps err without the broker's address, unless err only says that a context has ended.
func (t *trouble) note(err error) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.newest.Store(&failure{err: outbound.WithoutAddress(err), at: time.Now()})
	}
}

// explain adds the newest failure since begun, if any, to the error of a context that has ended.
func (t *trouble) explain(ended error, begun time.Time) error {
	if newest := t.newest.Load(); newest != nil && newest.at.After(begun) {
		return fmt.Errorf("%w: %w", ended, newest.err)
	}
	return ended
}
