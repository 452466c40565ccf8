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
	streamPause  = 100 * time.Millisecond // between two pushes, so that a flood arrives in batches
	streamBeat   = 5 * time.Second        // a word that finds out who is gone
	writeTimeout = 10 * time.Second       // a browser that takes longer is dropped, and connects again
	maxStreams   = 32
)

// push is what one server-sent event carries. Reset tells the browser to forget what it has: on a
// first connection, after a restart, or when it was so slow that entries left the ring unsent.
type push struct {
	Run      string   `json:"run"`   // of the process
	After    uint64   `json:"after"` // the entries are all of those that came after this one and are kept
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

// stream sends entries as server-sent events as they come
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
	_ = control.SetReadDeadline(time.Time{}) // the server's own would end the stream; where it cannot be lifted, the browser reconnects
	w.Header().Set("Content-Type", "text/event-stream")

	wake, leave := c.history.follow()
	defer leave()
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()

	after, known := c.resume(r.Header.Get("Last-Event-ID"))
	for first := true; ; first = false {
		entries, counts, missed := c.history.after(after)
		message := []byte("event: beat\ndata:\n\n") // for the page to know when it last heard
		if reset := missed || first && !known; reset || len(entries) > 0 {
			pushed := c.newPush(after, reset, entries, counts)
			if len(entries) > 0 {
				after = entries[len(entries)-1].ID
			}
			message = c.event(after, pushed)
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // a connection's clock is the real one
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

// rest waits between two pushes; it reports whether the stream goes on.
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
		return []byte(": not encodable\n\n") // no value of these types is
	}
	return fmt.Appendf(nil, "id: %s-%d\ndata: %s\n\n", c.run, id, data)
}

// resume reads the last id a browser has had; known is false when it was not from this run.
func (c *Console) resume(last string) (after uint64, known bool) {
	run, number, _ := strings.Cut(last, "-")
	after, err := strconv.ParseUint(number, 10, 64)
	if run != c.run || err != nil {
		return 0, false
	}
	return after, true
}
