package process

import (
	"net/http"

	"msgext/pkg/gateway"
)

// behind serves requests that come through a number of proxies: their RemoteAddr becomes the
// address that the first of those was spoken to by, "" where the header does not reach so far.
func behind(proxies int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded := *r
		forwarded.RemoteAddr = gateway.ForwardedFor(r.Header, proxies)
		next.ServeHTTP(w, &forwarded)
	})
}
