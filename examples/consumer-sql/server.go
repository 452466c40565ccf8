package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const maxBodyBytes = 2 << 20

// server accepts events and shows the messages.
type server struct {
	verifiers []*standardwebhooks.Webhook // several while a secret is being replaced
	database  *database
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		s.show(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	switch {
	case err != nil:
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case !s.verify(body, r.Header):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(s.accept(r, body))
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

// accept runs the statements of an event and returns the status of the answer. msgext sends an
// event again unless the answer is 2xx.
func (s *server) accept(r *http.Request, body []byte) int {
	var event struct {
		Type string                     `json:"type"`
		Data map[string]json.RawMessage `json:"data"`
	}
	err := json.Unmarshal(body, &event)
	_, kind, found := strings.Cut(event.Type, ".msgextension.")
	switch {
	case err == nil && !found: // other commands are forwarded as well
		return http.StatusOK
	case err != nil || event.Data == nil:
		return http.StatusBadRequest // it would be refused again
	}
	if err := s.database.take(r.Context(), kind, string(body)); err != nil {
		log.Print("consumer: not kept: ", err)
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

func (s *server) show(w http.ResponseWriter, r *http.Request) {
	shown, err := s.database.all(r.Context())
	if err != nil {
		log.Print("consumer: not shown: ", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(shown) // a client that has gone needs no answer
}
