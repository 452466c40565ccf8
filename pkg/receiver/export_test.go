package receiver

import (
	"net/http"

	"msgext/pkg/webhook"
)

// Judge shows the reply table to the tests.
func Judge(err error, rawQuery string) (status int, fate string, reply webhook.Reply) {
	rule := judge(err, rawQuery)
	return rule.status, string(rule.fate), rule.reply(err)
}

// RuleCount is how many rules the table has.
func RuleCount() int { return len(rules) }

// Answer answers a request as if receiving it went as receive does.
func (rc *Receiver) Answer(w http.ResponseWriter, r *http.Request, receive func() error) {
	rc.answer(w, r, func(*http.Request, *record) error { return receive() })
}

// ErrEarlyPanic is a panic before the command was known.
var ErrEarlyPanic = errEarlyPanic
