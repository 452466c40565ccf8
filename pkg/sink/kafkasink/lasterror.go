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

// lastError is the last error of a connection: refused, broken, or rejected by TLS or SASL. The
// client keeps trying until the context ends, and mentions such errors only in its log. So lastError
// is the client's logger (kgo.Logger), and Send's error can name the cause.
type lastError struct{ kept atomic.Pointer[timedError] }

type timedError struct {
	err error
	at  time.Time
}

// Level implements kgo.Logger.
// It is the level at which the client logs every failed connection.
func (l *lastError) Level() kgo.LogLevel { return kgo.LogLevelInfo }

// Log implements kgo.Logger. It keeps the error of a line about a broker and ignores everything
// else.
func (l *lastError) Log(_ kgo.LogLevel, _ string, keyvals ...any) {
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
		l.keep(failed)
	}
}

// keep keeps err without the broker's address, unless err only says that a context has ended.
func (l *lastError) keep(err error) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		l.kept.Store(&timedError{err: outbound.WithoutAddress(err), at: time.Now()})
	}
}

// explain adds the last error since begun, if any, to the error of a context that has ended.
func (l *lastError) explain(ended error, begun time.Time) error {
	if last := l.kept.Load(); last != nil && last.at.After(begun) {
		return fmt.Errorf("%w: %w", ended, last.err)
	}
	return ended
}
