package start

import (
	"bufio"
	"encoding/gob"
	"net"
	"reflect"
	"sync"

	"github.com/tencentyun/scf-go-lib/cloudfunction/messages"
)

// The headers of net/rpc's protocol (pkg.go.dev/net/rpc, a frozen package). Each is followed by a
// body, and both are encoded by gob.
type (
	request struct {
		ServiceMethod string
		Seq           uint64
	}
	response struct {
		ServiceMethod string
		Seq           uint64
		Error         string
	}
)

// session is one connection of the platform.
type session struct {
	connection net.Conn
	handler    Handler
	decoder    *gob.Decoder

	mu      sync.Mutex // of the writer
	writer  *bufio.Writer
	encoder *gob.Encoder
}

func newSession(connection net.Conn, handler Handler) *session {
	writer := bufio.NewWriter(connection)
	return &session{connection: connection, handler: handler, decoder: gob.NewDecoder(connection), writer: writer, encoder: gob.NewEncoder(writer)}
}

// serve answers requests until the connection ends. An invocation does not keep others waiting.
func (s *session) serve() {
	defer s.connection.Close()
	for {
		var header request
		if s.decoder.Decode(&header) != nil {
			return
		}
		switch header.ServiceMethod {
		case "Function.Ping":
			err := s.decoder.Decode(new(messages.PingRequest))
			s.answer(header, err, messages.PingResponse{})
		case "Function.Invoke":
			invocation := new(messages.InvokeRequest)
			if err := s.decoder.Decode(invocation); err != nil {
				s.answer(header, err, struct{}{})
				continue
			}
			go func() { s.answer(header, nil, invoke(s.handler, invocation)) }()
		default:
			_ = s.decoder.DecodeValue(reflect.Value{}) // passes over the body
			s.answer(header, errMethod, struct{}{})
		}
	}
}

// answer writes a response. A connection that broke is noticed by the next read.
func (s *session) answer(header request, err error, body any) {
	head := response{ServiceMethod: header.ServiceMethod, Seq: header.Seq}
	if err != nil {
		head.Error, body = err.Error(), struct{}{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.encoder.Encode(head) != nil || s.encoder.Encode(body) != nil || s.writer.Flush() != nil {
		_ = s.connection.Close()
	}
}
