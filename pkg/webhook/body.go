package webhook

import (
	"errors"
	"io"
)

// Errors of ReadBody.
var (
	ErrBodyTooLarge = errors.New("webhook: body over the limit")
	ErrBodyRead     = errors.New("webhook: body could not be read")
)

// ReadBody reads a body of at most limit bytes. It reads one byte more, so that it can tell a body
// of exactly limit bytes from a longer one, whatever length the sender announced. announced (-1
// when unknown) only sizes the buffer. If body has a method Take, which returns the rest of a body
// that is already in memory, ReadBody uses it and copies nothing. Its errors are ErrBodyTooLarge
// and ErrBodyRead.
func ReadBody(body io.Reader, announced, limit int64) ([]byte, error) {
	if held, ok := body.(interface{ Take() []byte }); ok {
		taken := held.Take()
		if int64(len(taken)) > limit {
			return nil, ErrBodyTooLarge
		}
		return taken, nil
	}
	const unknown = 4 << 10
	if announced < 0 || announced > limit {
		announced = min(unknown, limit)
	}
	buffer := make([]byte, 0, announced+1)
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		room := min(int64(cap(buffer)), limit+1)
		n, err := body.Read(buffer[len(buffer):room])
		buffer = buffer[:len(buffer)+n]
		switch {
		case int64(len(buffer)) > limit:
			return nil, ErrBodyTooLarge
		case err == io.EOF:
			return buffer, nil
		case err != nil:
			return nil, ErrBodyRead // the cause would name the client's address
		}
	}
}

// IsEmpty reports whether body is empty. It reads up to one byte to find out.
func IsEmpty(body io.Reader) bool {
	n, err := io.ReadFull(body, make([]byte, 1))
	return n == 0 && err == io.EOF
}
