package process

import (
	"net/http"
	"time"

	"msgext/internal/config"
	"msgext/pkg/msgext"
	"msgext/pkg/webhook"
)

// turnWait is how long a request may wait until it is handled. The reply has 1.5 s of the 2 s that
// Chat waits, and turnWait is the rest less a margin.
const turnWait = 300 * time.Millisecond

// limit handles at most atOnce requests at once. Others wait with their bodies unread. After
// turnWait they are turned away.
func limit(atOnce int, next, turnAway http.Handler) http.Handler {
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
			turnAway.ServeHTTP(w, r)
			return
		}
		defer func() { <-turns }()
		next.ServeHTTP(w, r)
	})
}

// overloaded answers a request that is turned away: 503, or OK for a command that is not ours. Any
// other reply to a "before" command blocks a user. With a relay that passes failures on, Chat's
// console setting decides, as it does when the backend does not answer. refused is called each time.
func overloaded(backend config.Relay, refused func()) http.Handler {
	passes := backend.URL != "" && !backend.Allow
	isOther := func(command string) bool { return !msgext.IsCommand(command) }
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refused()
		if !passes && r.Method == http.MethodPost && webhook.NamesCommand(r.URL.RawQuery, isOther) {
			webhook.OK().Write(w, http.StatusOK)
			return
		}
		w.Header().Set("Retry-After", "1")
		webhook.Fail("too many requests at once").Write(w, http.StatusServiceUnavailable)
	})
}
