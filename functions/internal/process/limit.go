package process

import (
	"net/http"
	"time"

	"msgext/pkg/webhook"
)

// turnWait is how long a request may wait for its turn: what Chat's 2 s leave beside the reply's
// 1.5 s, less a margin.
const turnWait = 300 * time.Millisecond

// limit lets at most atOnce requests be handled at once. Others wait, their bodies unread, and
// after turnWait are answered 503; refused is then told.
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
