package awscall

import "net/http"

// client is an aws.HTTPClient that follows no redirect: an AWS service sends none, and a
// signed request must not go elsewhere.
type client struct{ transport *http.Transport }

func (c client) Do(request *http.Request) (*http.Response, error) {
	return c.transport.RoundTrip(request)
}

func (c client) CloseIdleConnections() { c.transport.CloseIdleConnections() }
