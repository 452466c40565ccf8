package process

import (
	"net/http"
	"time"

	"msgext/pkg/webhook"
)

// turnWait is how long a request may wait until it is handled. The reply has 1.5 s of the 2 s that
// Chat waits, and turnWait is the rest less a margin.
const turnWait = 300 * time.Millisecond

// limit handles at most atOnce requests at once. Others wait with their bodies unread, and are
// answered 503 after turnWait. refused is then called.
func limit(atOnce int, next http.Handler, refused func()) http.Handler {
	turns := make(chan struct{}, atOnce)
	take := func(r *http.Request) bool {
		select {
		case turns <- struct{}{}:
			return true
		default:
		}
		timer := time.NewTimer(turnWait)
		defer timer.Stop()
		select {
		case turns <- struct{}{}:
			return true
		case <-timer.C:
		case <-r.Context().Done():
		}
		return false
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !take(r) {
			refused()
			w.Header().Set("Retry-After", "1")
			webhook.Fail("too many requests at once").Write(w, http.StatusServiceUnavailable)
			return
		}
		defer func() { <-turns }()
		next.ServeHTTP(w, r)
	})
}
