package backfill_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/backfill"
	"msgext/pkg/chatapi"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
)

const app = "1400000000"

func group(seq int64) msgext.Message { return msgext.Message{SDKAppID: app, GroupID: "g", MsgSeq: seq} }

// transport serves calls without a network.
type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func client(t *testing.T, sim *chatsim.Sim) *chatapi.Client {
	t.Helper()
	c, err := chatapi.New(chatapi.Options{
		Endpoint: "singapore", SDKAppID: app, Admin: "administrator", SecretKey: "key", HTTPClient: &http.Client{Transport: transport{sim.Handler()}},
	})
	require.NoError(t, err)
	return c
}

func newSim() *chatsim.Sim {
	return chatsim.New(chatsim.Options{SDKAppID: app, Admin: "administrator", SecretKey: "key"})
}

// wait lets the simulated time pass.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// reads keeps which messages were read; an odd MsgSeq has extensions.
type reads struct {
	mu       sync.Mutex
	messages []msgext.Message
}

func (r *reads) read(_ context.Context, m msgext.Message) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, m)
	return m.MsgSeq%2 == 1, nil
}

func (r *reads) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.messages)
}

// parse takes lines of one number.
func parse(line []byte) (messages []msgext.Message) {
	for word := range strings.FieldsSeq(string(line)) {
		if seq, err := strconv.ParseInt(word, 10, 64); err == nil {
			messages = append(messages, group(seq))
		}
	}
	return messages
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i)
	}
	return b.String()
}

func TestRun_Lines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, started := new(reads), time.Now()
		counts, err := backfill.Run(t.Context(), backfill.NewLines(t.Context(), strings.NewReader(lines(10)+"x\n3\n\n4\n7 20 20 21\n"), 0, parse), backfill.Options{Wait: wait, Read: r.read})
		require.NoError(t, err)
		assert.Equal(t, backfill.Counts{Passed: 15, Named: 12, Found: 6, Without: 6, After: []string{"--skip", "15"}}, counts)
		assert.Len(t, r.messages, 12)
		assert.Equal(t, 24*time.Second/backfill.DefaultPerSecond, time.Since(started), "24 messages and batches")
	})
}

func TestRun_LinesThatWereReadBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		counts, err := backfill.Run(t.Context(), backfill.NewLines(t.Context(), strings.NewReader(lines(10)), 7, parse), backfill.Options{Wait: wait, Read: r.read})
		require.NoError(t, err)
		assert.ElementsMatch(t, []msgext.Message{group(7), group(8), group(9)}, r.messages)
		assert.Equal(t, 3, counts.Passed)
	})
}

func TestRun_ALineThatIsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		_, err := backfill.Run(t.Context(), backfill.NewLines(t.Context(), strings.NewReader("1\n"+strings.Repeat("x", 2<<20)), 0, parse), backfill.Options{Wait: wait, Read: r.read})
		assert.ErrorIs(t, err, backfill.ErrLine)
		assert.Len(t, r.messages, 1)
	})
}

// A run that is interrupted says where to continue. Together the two runs read every message.
func TestRun_GoesOnWhereItWasInterrupted(t *testing.T) {
	for _, after := range []int{1, 2, 19, 20, 21, 47, 90} {
		synctest.Test(t, func(t *testing.T) {
			sim := newSim()
			for n := range int64(90) {
				sim.Add(group(n + 1))
			}
			var r reads
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			history := &backfill.Group{Chat: client(t, sim), Group: "g", Filter: backfill.All}
			counts, err := backfill.Run(ctx, history, backfill.Options{Wait: wait, Read: func(ctx context.Context, m msgext.Message) (bool, error) {
				found, err := r.read(ctx, m)
				if r.count() == after {
					cancel()
				}
				return found, err
			}})
			before := len(r.messages)
			if after < 90 {
				require.ErrorIs(t, err, context.Canceled)
				var upTo int64
				if counts.After != nil {
					_, err = fmt.Sscanf(counts.After[1], "%d", &upTo)
					require.NoError(t, err)
				}
				_, err = backfill.Run(t.Context(), &backfill.Group{Chat: client(t, sim), Group: "g", Filter: backfill.All, UpTo: upTo}, backfill.Options{Wait: wait, Read: r.read})
			}
			require.NoError(t, err)
			met := make(map[msgext.Message]bool)
			for _, m := range r.messages {
				met[m] = true
			}
			assert.Len(t, met, 90)
			assert.LessOrEqual(t, len(r.messages), 90+20+8, "%d before: no more than a page, and what was under way, twice", before)
		})
	}
}

// What is under way when it is interrupted is finished.
func TestRun_FinishesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		counts, err := backfill.Run(ctx, backfill.NewLines(ctx, strings.NewReader(lines(10)), 0, parse), backfill.Options{
			Wait: wait,
			Read: func(ctx context.Context, _ msgext.Message) (bool, error) {
				cancel()
				return true, ctx.Err()
			},
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Positive(t, counts.Found)
		assert.Zero(t, counts.Failed)
		assert.Equal(t, []string{"--skip", fmt.Sprint(counts.Found)}, counts.After)
	})
}

// After stays before a batch that is not done, even when later batches are done.
func TestRun_ThePlaceIsBehindAllThatIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		counts, err := backfill.Run(ctx, backfill.NewLines(ctx, strings.NewReader(lines(6)), 0, parse), backfill.Options{
			Wait: wait,
			Read: func(_ context.Context, m msgext.Message) (bool, error) {
				switch m.MsgSeq {
				case 2:
					time.Sleep(time.Hour)
				case 5:
					cancel()
				}
				return true, nil
			},
			Progress: func(c backfill.Counts) {
				if c.Found == 5 && c.Named == 6 {
					assert.Equal(t, []string{"--skip", "2"}, c.After)
				}
			},
		})
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, []string{"--skip", "6"}, counts.After)
	})
}

// A message that fails is named and passed over. Where many fail in a row, the messages are not the
// cause, and the run stops.
func TestRun_Failures(t *testing.T) {
	errBroken := errors.New("broken")
	synctest.Test(t, func(t *testing.T) {
		var named []msgext.Message
		counts, err := backfill.Run(t.Context(), backfill.NewLines(t.Context(), strings.NewReader(lines(100)), 0, parse), backfill.Options{
			Wait: wait,
			Read: func(_ context.Context, m msgext.Message) (bool, error) {
				switch {
				case m.MsgSeq%3 == 0:
					return false, errBroken
				case m.MsgSeq == 1:
					return false, fmt.Errorf("read: %w", chatapi.ErrGone)
				}
				return true, nil
			},
			Failed: func(m msgext.Message, err error) {
				assert.ErrorIs(t, err, errBroken)
				named = append(named, m)
			},
		})
		require.NoError(t, err)
		assert.Equal(t, 34, counts.Failed)
		assert.Equal(t, 1, counts.Gone)
		assert.Equal(t, 65, counts.Found)
		assert.Len(t, named, 34)

		counts, err = backfill.Run(t.Context(), backfill.NewLines(t.Context(), strings.NewReader(lines(100)), 0, parse), backfill.Options{
			Wait: wait,
			Read: func(_ context.Context, m msgext.Message) (bool, error) {
				if m.MsgSeq < 5 {
					return true, nil
				}
				return false, errBroken
			},
		})
		require.ErrorIs(t, err, backfill.ErrFailing)
		assert.Less(t, counts.Failed, 30)
		assert.Equal(t, []string{"--skip", "5"}, counts.After, "the next run reads those that failed, and not only the rest")
	})
}

func TestRun_ASourceThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := backfill.Run(t.Context(), &backfill.Group{Chat: client(t, newSim()), Group: "g", Filter: backfill.All}, backfill.Options{Wait: wait, Read: new(reads).read})
		assert.ErrorIs(t, err, chatapi.ErrGone)
	})
}

func TestExpecting(t *testing.T) {
	start := time.Unix(1764688000, 0)
	sim := newSim()
	sim.Post(group(1), chatsim.Post{At: start, Data: `{"businessID":"group_poll"}`})
	sim.Post(group(2), chatsim.Post{At: start, Data: `{"businessID":"note"}`})
	sim.Post(group(3), chatsim.Post{At: start, Data: `{}`, Extensible: true})
	sim.Post(group(4), chatsim.Post{At: start, Data: `SupportMessageExtension`})
	sim.Post(group(5), chatsim.Post{At: start, Data: `{"businessID":"group_poll"}`, Lost: true})
	for name, test := range map[string]struct {
		filter backfill.Filter
		want   []int64
	}{
		"all":           {backfill.All, []int64{4, 3, 2, 1}},
		"no text":       {backfill.Expecting(), []int64{3}},
		"a text":        {backfill.Expecting("group_poll"), []int64{3, 1}},
		"several texts": {backfill.Expecting("group_poll", `\"note\"`), []int64{3, 2, 1}},
		"*":             {backfill.Expecting("*"), []int64{4, 3, 2, 1}},
	} {
		source := &backfill.Group{Chat: client(t, sim), Group: "g", Filter: test.filter}
		batch, err := source.Next(t.Context())
		require.NoError(t, err)
		var got []int64
		for _, m := range batch.Messages {
			got = append(got, m.MsgSeq)
		}
		assert.Equal(t, test.want, got, name)
		assert.True(t, batch.Last)
	}
}

// Two accounts' messages are found in the span that is asked for, whoever sent them.
func TestC2C(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Unix(1764688000, 0)
		sim := newSim()
		for n := range 250 {
			m := msgext.Message{SDKAppID: app, From: "alice", To: "bob", MsgKey: fmt.Sprintf("%d_7_%d", n, start.Unix()+int64(n))}
			if n%2 == 1 {
				m.From, m.To = m.To, m.From
			}
			sim.Post(m, chatsim.Post{At: start.Add(time.Duration(n) * time.Second), Data: "{}"})
		}
		var r reads
		span := chatapi.Span{Account: "alice", Peer: "bob", Since: start.Add(10 * time.Second), Until: start.Add(219 * time.Second)}
		counts, err := backfill.Run(t.Context(), &backfill.C2C{Chat: client(t, sim), Span: span, Filter: backfill.All}, backfill.Options{Wait: wait, Read: r.read, PerSecond: 100})
		require.NoError(t, err)
		assert.Equal(t, 210, counts.Passed)
		assert.Len(t, r.messages, 210)
	})
}
