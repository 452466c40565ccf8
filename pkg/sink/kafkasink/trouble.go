package kafkasink

import (
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// trouble remembers the newest failure of a connection to a broker, because the client keeps
// trying without a word until the context ends. It implements hooks of kgo.
type trouble struct{ newest atomic.Pointer[error] }

// OnBrokerConnect implements kgo.HookBrokerConnect; err is also that of TLS and SASL.
func (t *trouble) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		t.newest.Store(&err)
	}
}

// OnBrokerRead implements kgo.HookBrokerRead.
func (t *trouble) OnBrokerRead(_ kgo.BrokerMetadata, _ int16, _ int, _, _ time.Duration, err error) {
	if err != nil {
		t.newest.Store(&err)
		return
	}
	t.newest.Store(nil)
}

// explain adds the newest failure, unless a broker has answered since, to the error of a
// context that has ended.
func (t *trouble) explain(ended error) error {
	if newest := t.newest.Load(); newest != nil {
		return fmt.Errorf("%w, broker: %w", ended, *newest)
	}
	return ended
}
