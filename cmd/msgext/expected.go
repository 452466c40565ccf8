package main

import (
	"errors"
	"fmt"
	"net/http"

	"msgext/internal/sample"
)

// errDiffers is the error for a reply that differs from the expected one.
var errDiffers = errors.New("not as expected")

// expected is the reply that an event must get.
type expected struct {
	status int
	reply  []byte
}

var (
	acknowledged = expected{http.StatusOK, []byte(`{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`)}
	notFound     = expected{http.StatusNotFound, []byte(`{"ActionStatus":"FAIL","ErrorInfo":"message not found","ErrorCode":1}`)}
	unauthorized = expected{http.StatusUnauthorized, []byte(`{"ActionStatus":"FAIL","ErrorInfo":"Authorization: no valid bearer token","ErrorCode":1}`)}
	refused      = expected{http.StatusForbidden, []byte(`{"ActionStatus":"FAIL","ErrorInfo":"not authenticated","ErrorCode":1}`)}
)

// check compares a reply with the expected one.
func (e expected) check(status int, body []byte) error {
	if got := (answer{status: status, body: body}); status != e.status || !got.is(e.reply) {
		return fmt.Errorf("%w: got %d %s, want %d %s", errDiffers, status, got.shown(), e.status, answer{body: e.reply}.shown())
	}
	return nil
}

// checkEvent compares the response of a function to its gateway.
func (e expected) checkEvent(response []byte) error {
	status, body, err := sample.Unwrap(response)
	if err != nil {
		return fmt.Errorf("%w: not a response for a gateway: %w", errDiffers, err)
	}
	return e.check(status, []byte(body))
}
