package gateway

import (
	"encoding/base64"
	"net/http"
	"unicode/utf8"
)

// Response is a handler's reply, recorded by Serve.
type Response struct {
	status int
	header http.Header
	body   []byte
	room   [128]byte // for a short body, such as Chat's replies
}

// Serve runs h on a request and returns what it replied.
func Serve(h http.Handler, request *http.Request) *Response {
	response := new(Response)
	response.serve(h, request)
	return response
}

func (r *Response) serve(h http.Handler, request *http.Request) {
	r.header = make(http.Header, 2)
	if r.body == nil { // nobody has given it more room
		r.body = r.room[:0]
	}
	h.ServeHTTP(r, request)
	if r.status == 0 {
		r.status = http.StatusOK
	}
}

// Header implements http.ResponseWriter.
func (r *Response) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter. Only the first call counts. An informational status
// is ignored, because no gateway can send two.
func (r *Response) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

// Write implements http.ResponseWriter.
func (r *Response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	r.body = append(r.body, p...)
	return len(p), nil
}

// AvailableBuffer returns an empty buffer, to append a body to and pass it to Write, like that of
// bufio.Writer. A body that fits into it is not copied.
func (r *Response) AvailableBuffer() []byte { return r.body[len(r.body):] }

// Status returns the reply's status.
func (r *Response) Status() int { return r.status }

// Body returns the reply's body as text, and whether it had to be encoded as base64 to be text.
// It must not be changed.
func (r *Response) Body() (text []byte, isBase64 bool) {
	if utf8.Valid(r.body) {
		return r.body, false
	}
	return base64.StdEncoding.AppendEncode(nil, r.body), true
}
