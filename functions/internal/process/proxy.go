package process

import (
	"net/http"

	"msgext/pkg/gateway"
)

// behind serves requests that come through a number of proxies. RemoteAddr becomes the address from
// which the first of those was called, or "" where the header has too few addresses.
func behind(proxies int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded := *r
		forwarded.RemoteAddr = gateway.ForwardedFor(r.Header, proxies)
		next.ServeHTTP(w, &forwarded)
	})
}
