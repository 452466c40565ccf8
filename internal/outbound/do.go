package outbound

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Do implements aws.HTTPClient. It is RoundTrip with a body that net/http sees to lie in memory.
// The SDK's body lies in memory, too, but behind a type of the SDK's own. Before a body of a type
// that it does not know, net/http sends the headers by themselves (newTransferWriter in
// net/http/transfer.go, Go 1.26). That is one more write, packet and TLS record for each request.
func (t *Transport) Do(request *http.Request) (*http.Response, error) {
	if request.Body == nil || request.ContentLength <= 0 {
		return t.RoundTrip(request)
	}
	content := make([]byte, request.ContentLength)
	_, err := io.ReadFull(request.Body, content)
	if err := errors.Join(err, request.Body.Close()); err != nil {
		return nil, err
	}
	copied := *request
	copied.Body = io.NopCloser(bytes.NewReader(content))
	return t.RoundTrip(&copied)
}
