package httpsink_test

import (
	"bytes"
	"io"
	"net/http/httptest"
	"testing"

	"msgext/pkg/cloudevent"
)

// bare posts with nothing but net/http: the floor.
func bare(b *testing.B, server *httptest.Server, event cloudevent.Event) {
	b.ReportAllocs()
	for b.Loop() {
		response, err := server.Client().Post(server.URL, cloudevent.ContentType, bytes.NewReader(event.JSON()))
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}
}
