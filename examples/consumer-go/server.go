package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

const maxBodyBytes = 2 << 20

// server accepts events and shows the messages.
type server struct {
	verifiers []*standardwebhooks.Webhook // several while a secret is being replaced
	store     *store
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.show(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	switch {
	case err != nil:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case !s.verify(body, r.Header):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(s.accept(body))
	}
}

func (s *server) verify(body []byte, header http.Header) bool {
	for _, verifier := range s.verifiers {
		if verifier.Verify(body, header) == nil {
			return true
		}
	}
	return false
}

// accept handles an event and returns the status of the answer. msgext sends an event again unless
// the answer is 2xx.
func (s *server) accept(body []byte) int {
	event, err := cloudevent.Decode(body)
	if err == nil {
		err = s.store.take(event)
	}
	switch {
	case err == nil, errors.Is(err, cloudevent.ErrKind): // other commands are forwarded as well
		return http.StatusOK
	case errors.Is(err, cloudevent.ErrFormat), errors.Is(err, msgext.ErrFormat):
		return http.StatusBadRequest // it would be refused again
	}
	log.Print("consumer: not kept: ", err)
	return http.StatusServiceUnavailable
}

func (s *server) show(w http.ResponseWriter) {
	shown, err := s.store.all()
	if err != nil {
		log.Print("consumer: not shown: ", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(shown) // a client that has gone needs no answer
}
