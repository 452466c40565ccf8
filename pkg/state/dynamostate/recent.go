package dynamostate

import "sync"

// recent remembers heads as they were last seen, as a first guess of what is stored. A wrong guess
// costs one write. It is safe for concurrent use.
type recent struct {
	mu    sync.Mutex
	heads map[string]head // by path
}

// mostRecent is how many messages are remembered: those whose events wait for a sink, and some
// more.
const mostRecent = 128

func (r *recent) note(path string, h head) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.heads[path]; r.heads == nil || !known && len(r.heads) >= mostRecent {
		r.heads = make(map[string]head)
	}
	r.heads[path] = h
}

// of returns a message's head as it was last seen, or otherwise if it is not remembered.
func (r *recent) of(path string, otherwise head) head {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h, ok := r.heads[path]; ok {
		return h
	}
	return otherwise
}
