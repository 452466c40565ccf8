package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/receiver"
	"msgext/pkg/webhook"
)

// reader reads the pushes of one stream.
type reader struct {
	*bufio.Scanner
	id string
}

func follow(t testing.TB, p *process, last string) *reader {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/console/stream", nil)
	require.NoError(t, err)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 16<<20)
	return &reader{Scanner: scanner}
}

func (r *reader) next(t testing.TB) (push list) {
	t.Helper()
	for r.Scan() {
		if id, found := strings.CutPrefix(r.Text(), "id: "); found {
			r.id = id
		}
		if data, found := strings.CutPrefix(r.Text(), "data: "); found {
			require.NoError(t, json.Unmarshal([]byte(data), &push))
			return push
		}
	}
	t.Fatalf("the stream ended: %v", r.Err())
	return list{}
}

func TestStream(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "k", "v")
	stream := follow(t, p, "")
	first := stream.next(t)
	assert.True(t, first.Reset, "a new page has nothing yet")
	require.Len(t, first.Entries, 1)

	p.set(t, 2, "k", "v")
	second := stream.next(t)
	assert.False(t, second.Reset)
	require.Len(t, second.Entries, 1)
	assert.Equal(t, "2", second.Entries[0].Version)

	p.set(t, 3, "k", "v")
	resumed := follow(t, p, stream.id).next(t)
	assert.False(t, resumed.Reset, "it goes on where the browser was cut off")
	require.Len(t, resumed.Entries, 1)
	assert.Equal(t, "3", resumed.Entries[0].Version)

	for _, unknown := range []string{"otherrun-2", "x", "-", "2"} {
		assert.True(t, follow(t, p, unknown).next(t).Reset, "%q is from no earlier push of this process", unknown)
	}
}

// A browser that reads nothing does not slow the receiver, and nothing is queued for it. When it
// reads again it gets the last thousand entries.
func TestStream_SlowBrowser(t *testing.T) {
	p := start(t, nil)
	stream := follow(t, p, "")
	require.Empty(t, stream.next(t).Entries)
	const flood = 5000
	for n := range flood {
		p.Observe(receiver.Observation{Request: httptest.NewRequest(http.MethodPost, "/", nil), Fate: "rejected", Status: n, Err: webhook.ErrUnsigned})
	}
	var got list
	for got.Counters.Received < flood {
		got = stream.next(t)
		require.LessOrEqual(t, len(got.Entries), 1000)
	}
	assert.EqualValues(t, flood, got.Entries[0].ID)
}

func TestStream_EndsWithClose(t *testing.T) {
	p := start(t, nil)
	stream := follow(t, p, "")
	stream.next(t)
	p.Close()
	for stream.Scan() {
		assert.Empty(t, stream.Text())
	}
	assert.NoError(t, stream.Err(), "ended, not cut off")
}

func TestStream_PagesAreBounded(t *testing.T) {
	p := start(t, nil)
	for range 32 {
		follow(t, p, "").next(t)
	}
	response, err := http.Get(p.URL + "/console/stream")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
}
