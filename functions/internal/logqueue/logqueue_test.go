package logqueue_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/internal/logqueue"
)

func TestWriter_KeepsOrderAndLines(t *testing.T) {
	var to bytes.Buffer
	w := logqueue.New(&to)
	for _, line := range []string{"a\n", "b\n", "c\n"} {
		n, err := io.WriteString(w, line)
		require.NoError(t, err)
		assert.Equal(t, len(line), n)
	}
	w.Close(time.Minute)
	assert.Equal(t, "a\nb\nc\n", to.String())
}

// stuck accepts one Write at a time, and only when the test allows it.
type stuck struct {
	mu   sync.Mutex
	let  chan struct{}
	took bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.let
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took.Write(p)
}

func (s *stuck) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took.String()
}

func TestWriter_ABlockedLogHoldsNobody(t *testing.T) {
	to := &stuck{let: make(chan struct{})}
	w := logqueue.New(to)
	line := []byte(strings.Repeat("x", 999) + "\n")
	for range 5000 {
		_, err := w.Write(line)
		require.NoError(t, err)
	}
	dropped := w.Dropped()
	assert.Greater(t, dropped, 3000, "what waits is bounded")
	w.Close(time.Millisecond) // returns although nothing was written
	assert.Empty(t, to.text())

	close(to.let)
	w.Close(time.Minute)
	assert.Equal(t, 5000-dropped, strings.Count(to.text(), string(line)))
	assert.Contains(t, to.text(), " lines of the log were dropped")
}
