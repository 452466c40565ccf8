package receiver

import (
	"net/http"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/webhook"
)

// Judge shows the reply table to the tests.
func Judge(err error, rawQuery string, pass bool) (status int, fate string, reply webhook.Reply) {
	rule := judge(err, rawQuery, pass)
	return rule.status, string(rule.fate), rule.reply(err)
}

// RuledErrors are the errors that have a rule.
func RuledErrors() (errs []error) {
	for _, rule := range rules {
		errs = append(errs, rule.err)
	}
	return errs
}

// Answer answers a request as if receiving it went as receive does.
func (rc *Receiver) Answer(w http.ResponseWriter, r *http.Request, receive func() error) {
	rc.answer(w, r, func(*http.Request, *record) error { return receive() })
}

// ErrEarlyPanic is a panic before the command was known, ErrPanic one after.
var ErrEarlyPanic, ErrPanic = errEarlyPanic, guard.ErrPanic

// ErrRelay is trouble of our own with a command that is the backend's to answer.
var ErrRelay = errRelay

// RelayBudget is how long the backend may take to answer a command that arrived at a moment.
func (rc *Receiver) RelayBudget(command string, arrived time.Time, first bool) time.Duration {
	return rc.relayBudget(&record{command: command, arrived: arrived, cold: first})
}
