package receiver

import (
	"net/http"
	"time"

	"msgext/internal/guard"
	"msgext/pkg/webhook"
)

// Judge gives tests access to the reply table.
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

// Answer answers a request with receive in place of Receiver.receive.
func (rc *Receiver) Answer(w http.ResponseWriter, r *http.Request, receive func() error) {
	rc.answer(w, r, func(*http.Request, *record) error { return receive() })
}

// ErrEarlyPanic is a panic before the command was known, ErrPanic one after that.
var ErrEarlyPanic, ErrPanic = errEarlyPanic, guard.ErrPanic

// ErrRelay means that our side failed to pass a command on to the backend.
var ErrRelay = errRelay

// RelayBudget returns how long the backend may take to answer a command that arrived at a moment.
func (rc *Receiver) RelayBudget(command string, arrived time.Time, first bool) time.Duration {
	return rc.relayBudget(&record{command: command, arrived: arrived, cold: first})
}
