package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	streamPause = 100 * time.Millisecond // between two pushes, so that many entries share one push
	// Between two events without data, which show whether the browser is still there.
	streamBeat   = 5 * time.Second
	writeTimeout = 10 * time.Second // a slower browser is disconnected, and connects again
	maxStreams   = 32
)

// push is the content of one server-sent event. Reset makes the browser forget its entries: on a
// first connection, after a restart, or when it was so slow that entries were dropped before they
// were sent.
type push struct {
	Run      string   `json:"run"`   // identifies the run of the process
	After    uint64   `json:"after"` // the push has all kept entries after this number
	Reset    bool     `json:"reset"`
	Entries  []*entry `json:"entries"` // newest first
	Counters counters `json:"counters"`
}

func (c *Console) newPush(after uint64, reset bool, oldestFirst []*entry, counts counters) push {
	newestFirst := make([]*entry, 0, len(oldestFirst))
	for _, e := range slices.Backward(oldestFirst) {
		newestFirst = append(newestFirst, e)
	}
	return push{Run: c.run, After: after, Reset: reset, Entries: newestFirst, Counters: counts}
}

// stream sends entries as server-sent events when they come
// (html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11).
func (c *Console) stream(w http.ResponseWriter, r *http.Request) {
	select {
	case c.streams <- struct{}{}:
		defer func() { <-c.streams }()
	default:
		writeProblem(w, http.StatusServiceUnavailable, "too many pages are open")
		return
	}
	control := http.NewResponseController(w)
	// The server's own deadline would end the stream; where it cannot be changed, the browser
	// reconnects.
	_ = control.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")

	wake, leave := c.history.follow()
	defer leave()
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()

	after, known := c.resume(r.Header.Get("Last-Event-ID"))
	for first := true; ; first = false {
		entries, counts, missed := c.history.after(after)
		// Shows the page that the process is still there.
		message := []byte("event: beat\ndata:\n\n")
		if reset := missed || first && !known; reset || len(entries) > 0 {
			pushed := c.newPush(after, reset, entries, counts)
			if len(entries) > 0 {
				after = entries[len(entries)-1].ID
			}
			message = c.event(after, pushed)
		}
		// The deadline is by the real clock.
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(message); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
		if !c.rest(r) {
			return
		}
		select {
		case <-wake:
		case <-beat.C:
		case <-r.Context().Done():
			return
		case <-c.closing.Done():
			return
		}
	}
}

// rest waits between two pushes, and reports whether the stream goes on.
func (c *Console) rest(r *http.Request) bool {
	timer := time.NewTimer(streamPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-c.closing.Done():
	}
	return false
}

func (c *Console) event(id uint64, p push) []byte {
	data, err := json.Marshal(p)
	if err != nil {
		// Cannot happen, because values of these types can be encoded.
		return []byte(": not encodable\n\n")
	}
	return fmt.Appendf(nil, "id: %s-%d\ndata: %s\n\n", c.run, id, data)
}

// resume parses the last id that a browser got. known is false when it is not of this run.
func (c *Console) resume(last string) (after uint64, known bool) {
	run, number, _ := strings.Cut(last, "-")
	after, err := strconv.ParseUint(number, 10, 64)
	if run != c.run || err != nil {
		return 0, false
	}
	return after, true
}
