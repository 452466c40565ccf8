package stdoutsink_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
	"msgext/pkg/sink/stdoutsink"
)

func event(t testing.TB, value string) cloudevent.Event {
	t.Helper()
	change, err := msgext.Decode("1", msgext.GroupCommand, []byte(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension",`+
		`"GroupId":"g","MsgSeq":1,"OperateType":1,"Seq":1,"ExtensionList":[{"Key":"k","Value":"`+value+`","Seq":1}]}`))
	require.NoError(t, err)
	e, err := cloudevent.New(change)
	require.NoError(t, err)
	return e
}

// slow writes in pieces, so that lines that are not kept apart run together.
type slow struct{ bytes.Buffer }

func (s *slow) Write(p []byte) (int, error) {
	for _, b := range p {
		s.WriteByte(b)
	}
	return len(p), nil
}

func TestSink_WritesALineEachWholeAndApart(t *testing.T) {
	var out slow
	sink := stdoutsink.New(&out)
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for range 50 {
				assert.NoError(t, sink.Send(t.Context(), event(t, "line\\nbreak")))
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

type failing struct{ io.Writer }

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestSink_Refuses(t *testing.T) {
	assert.ErrorIs(t, stdoutsink.New(failing{}).Send(t.Context(), event(t, "v")), io.ErrClosedPipe)

	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("budget"))
	var out bytes.Buffer
	sink := stdoutsink.New(&out)
	assert.ErrorIs(t, sink.Send(cancelled, event(t, "v")), context.Canceled)

	require.NoError(t, sink.Close())
	require.NoError(t, sink.Close())
	assert.ErrorIs(t, sink.Send(t.Context(), event(t, "v")), stdoutsink.ErrClosed)
	assert.Empty(t, out.String())
}
