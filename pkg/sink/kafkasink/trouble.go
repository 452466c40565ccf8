package kafkasink

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// trouble remembers the newest failure of a connection: refused, cut off, or turned away by TLS or
// SASL. The client keeps trying until the context ends and mentions such a failure only in its log,
// so trouble is that log (a kgo.Logger): our error should say why.
type trouble struct{ newest atomic.Pointer[failure] }

type failure struct {
	err error
	at  time.Time
}

// Level implements kgo.Logger.
func (t *trouble) Level() kgo.LogLevel { return kgo.LogLevelInfo } // at which the client tells of all of them

// Log implements kgo.Logger: of what is said about a broker it notes the error and drops the rest.
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

// note keeps err, unless it says only that a context has ended.
func (t *trouble) note(err error) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.newest.Store(&failure{err: err, at: time.Now()})
	}
}

// explain adds the newest failure since begun, if any, to the error of a context that has ended.
func (t *trouble) explain(ended error, begun time.Time) error {
	if newest := t.newest.Load(); newest != nil && newest.at.After(begun) {
		return fmt.Errorf("%w: %w", ended, newest.err)
	}
	return ended
}
