package stdoutsink_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink"
	"msgext/pkg/sink/sinktest"
	"msgext/pkg/sink/stdoutsink"
)

func event(t testing.TB, value string) cloudevent.Event {
	t.Helper()
	change, err := msgext.Decode("1", msgext.GroupCommand, []byte(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",`+
		`"GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,"ExtensionList":[{"Key":"k","Value":"`+value+`","Seq":1}]}`))
	require.NoError(t, err)
	e, err := cloudevent.New(change, time.UnixMilli(1764688294500))
	require.NoError(t, err)
	return e
}

// slow writes in pieces, so that concurrent lines would mix if they were not kept apart.
type slow struct{ bytes.Buffer }

func (s *slow) Write(p []byte) (int, error) {
	for _, b := range p {
		s.WriteByte(b)
	}
	return len(p), nil
}

func TestSink_WritesALineEachWholeAndApart(t *testing.T) {
	var out slow
	s := stdoutsink.New(&out)
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for range 50 {
				assert.NoError(t, s.Send(t.Context(), event(t, "line\\nbreak")))
			}
		})
	}
	senders.Wait()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 16*50)
	for _, line := range lines {
		assert.Equal(t, string(event(t, "line\\nbreak").JSON()), line)
	}
}

// The stream passes the suite of every sink.
func TestSink_Conformance(t *testing.T) {
	sinktest.Run(t, func(*testing.T) sinktest.Destination {
		var out bytes.Buffer
		return sinktest.Destination{
			Sink: stdoutsink.New(&out), Ordered: true,
			Received: func(t *testing.T) []cloudevent.Event {
				var events []cloudevent.Event
				for line := range bytes.Lines(out.Bytes()) {
					event, err := cloudevent.Decode(bytes.TrimSuffix(line, []byte("\n")))
					require.NoError(t, err)
					events = append(events, event)
				}
				return events
			},
		}
	})
}

// full accepts only the first bytes of one write. Its error is reason, which may be nil.
type full struct {
	bytes.Buffer
	takes  int
	reason error
}

func (f *full) Write(p []byte) (int, error) {
	if f.takes < 0 {
		return f.Buffer.Write(p)
	}
	n, _ := f.Buffer.Write(p[:f.takes])
	f.takes = -1
	return n, f.reason
}

func TestSink_EndsATornLine(t *testing.T) {
	whole := string(event(t, "v").JSON()) + "\n"
	tests := []struct {
		name     string
		out      full
		wantErr  error
		wantText string
	}{
		{"a disk that is full", full{takes: 5, reason: syscall.ENOSPC}, syscall.ENOSPC, whole[:5] + "\n" + whole},
		{"a writer that keeps quiet", full{takes: 5}, io.ErrShortWrite, whole[:5] + "\n" + whole},
		{"all but the end of the line", full{takes: len(whole) - 1}, io.ErrShortWrite, whole + whole},
		{"nothing at all", full{takes: 0, reason: syscall.ENOSPC}, syscall.ENOSPC, whole},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := stdoutsink.New(&test.out)
			require.ErrorIs(t, s.Send(t.Context(), event(t, "v")), test.wantErr)
			require.NoError(t, s.Send(t.Context(), event(t, "v")))
			assert.Equal(t, test.wantText, test.out.String())
		})
	}
}

type failing struct{ io.Writer }

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSink_Refuses(t *testing.T) {
	assert.ErrorIs(t, stdoutsink.New(failing{}).Send(t.Context(), event(t, "v")), io.ErrClosedPipe)

	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("budget"))
	var out bytes.Buffer
	s := stdoutsink.New(&out)
	assert.ErrorIs(t, s.Send(cancelled, event(t, "v")), context.Canceled)

	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	assert.ErrorIs(t, s.Send(t.Context(), event(t, "v")), sink.ErrClosed)
	assert.Empty(t, out.String())
}

// blocked is a stream that accepts nothing until it is released.
type blocked struct {
	writes atomic.Int32
	let    chan struct{}
}

func (b *blocked) Write(p []byte) (int, error) {
	b.writes.Add(1)
	<-b.let
	return len(p), nil
}

// One Send waits for the stream. The others wait for their turn no longer than their contexts.
// Nothing waits any more once the stream accepts data.
func TestSend_EndsWithItsContextWhenTheStreamBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := &blocked{let: make(chan struct{})}
		s := stdoutsink.New(stream)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		for _, outcome := range sink.SendAll(ctx, []sink.Sink{s, s, s}, event(t, "1")) {
			assert.ErrorIs(t, outcome.Err, context.DeadlineExceeded)
		}
		assert.Equal(t, time.Second, time.Since(started))
		assert.EqualValues(t, 1, stream.writes.Load())
		close(stream.let)
		synctest.Wait()
		assert.NoError(t, s.Send(t.Context(), event(t, "2")))
		assert.NoError(t, s.Close())
	})
}
