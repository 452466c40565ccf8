package console

import "sync"

// capacity is how many entries are kept, however long the process runs.
const capacity = 1000

// counters count every entry since the start, including those that are no longer kept.
type counters struct {
	Received uint64            `json:"received"` // webhooks only
	Fates    map[string]uint64 `json:"fates"`
	Reasons  map[string]uint64 `json:"reasons"` // of webhooks only
}

// history is a ring of the newest entries. Each follower is woken through its own channel and
// continues where it stopped. So nothing is queued for a slow follower: it finds that some entries
// are no longer kept.
type history struct {
	mu        sync.Mutex
	ring      []*entry // the entry with number n stands at n % len
	last      uint64   // number of the newest entry, 0 before the first
	counts    counters
	followers map[chan struct{}]struct{}
}

func newHistory(capacity int) *history {
	return &history{
		ring:      make([]*entry, capacity),
		counts:    counters{Fates: map[string]uint64{}, Reasons: map[string]uint64{}},
		followers: map[chan struct{}]struct{}{},
	}
}

// add numbers an entry, replaces the oldest one with it, and wakes the followers.
func (h *history) add(e *entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	e.ID = h.last
	h.ring[h.last%uint64(len(h.ring))] = e
	h.counts.Fates[e.Fate]++
	if e.Fate != fateRepaired {
		h.counts.Received++
		h.counts.Reasons[e.Reason]++
	}
	for wake := range h.followers {
		select {
		case wake <- struct{}{}:
		default: // a token is there already
		}
	}
}

// after returns the kept entries with a number greater than id, oldest first. missed is true when
// some of them are no longer kept.
func (h *history) after(id uint64) (entries []*entry, counts counters, missed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := h.first()
	missed = id+1 < first
	for n := max(id+1, first); n <= h.last; n++ {
		entries = append(entries, h.ring[n%uint64(len(h.ring))])
	}
	return entries, h.counts.clone(), missed
}

// first returns the number of the oldest kept entry, or 1 before there is one.
func (h *history) first() uint64 {
	if kept := uint64(len(h.ring)); h.last > kept {
		return h.last - kept + 1
	}
	return 1
}

// entry returns the entry with that number, or nil when it is not kept.
func (h *history) entry(id uint64) *entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	if id < h.first() || id > h.last {
		return nil
	}
	return h.ring[id%uint64(len(h.ring))]
}

// follow returns a channel that receives when there are new entries. leave ends that.
func (h *history) follow() (wake <-chan struct{}, leave func()) {
	channel := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers[channel] = struct{}{}
	return channel, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.followers, channel)
	}
}

func (c counters) clone() counters {
	fates, reasons := make(map[string]uint64, len(c.Fates)), make(map[string]uint64, len(c.Reasons))
	for name, count := range c.Fates {
		fates[name] = count
	}
	for name, count := range c.Reasons {
		reasons[name] = count
	}
	return counters{Received: c.Received, Fates: fates, Reasons: reasons}
}
