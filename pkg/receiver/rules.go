package receiver

import (
	"errors"
	"log/slog"
	"net/http"

	"msgext/internal/guard"
	"msgext/pkg/msgext"
	"msgext/pkg/relay"
	"msgext/pkg/webhook"
)

// Errors that this package detects itself.
var (
	ErrGatewayEvent = errors.New("receiver: gateway event makes no sense")
	ErrPath         = errors.New("receiver: not the webhook path")
	ErrMethod       = errors.New("receiver: not POST")
	ErrNotReady     = errors.New("receiver: not ready")
	ErrDelivery     = errors.New("receiver: not accepted by everything configured")
)

// errEarlyPanic is a panic before the command was known.
var errEarlyPanic = errors.New("receiver: panic before the command was known")

// fate is what becomes of a request.
type fate string

const (
	accepted fate = "accepted" // answered OK
	rejected fate = "rejected" // the sender's fault
	deferred fate = "deferred" // ours: what was not accepted is repaired later

	// unanswered is for the app's backend to answer for, which did not.
	unanswered fate = "unanswered"
)

func (f fate) level() slog.Level {
	switch f {
	case accepted:
		return slog.LevelInfo
	case rejected, unanswered:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// rule says how one outcome is answered. The outside gets info; an empty info stands for the
// error's own text, which only a body's faults have: bounded, and without content.
//
// A rule that spares is about trouble of our own that comes before the command is known, or about a
// backend that did not answer. Where the query names a command that is not ours, the reply is OK
// all the same: a "before" command that is answered otherwise blocks a user. With Options.RelayPass
// it is the rule's status that spares the user, because Chat then does what its console says. Log
// and metric tell of the trouble either way.
type rule struct {
	err    error
	status int
	fate   fate
	reason string // in the log
	info   string
	spares bool
}

const (
	infoAuthentication = "not authenticated"
	infoOurs           = "not processed, our side failed"
	infoBackend        = "the backend gave no answer"
)

// rules is the reply table (docs/design.md, section 4). Whatever is authentic gets HTTP 200,
// because Chat counts any other status as a broken endpoint. Where nothing could be said of a
// request because of our own trouble the endpoint is broken, and 503 shows it in the console.
var rules = []rule{
	{errRelay, http.StatusBadGateway, unanswered, "relay: our side failed", infoBackend, true},
	{relay.ErrNoAnswer, http.StatusBadGateway, unanswered, "relay: no answer", infoBackend, true},
	{relay.ErrRedirect, http.StatusBadGateway, unanswered, "relay: redirect", infoBackend, true},
	{relay.ErrTooLarge, http.StatusBadGateway, unanswered, "relay: answer too large", infoBackend, true},
	{relay.ErrSkipped, http.StatusBadGateway, unanswered, "relay: skipped", infoBackend, true},
	{relay.ErrQuery, http.StatusBadGateway, unanswered, "relay: query", infoBackend, true},
	{relay.ErrLoop, http.StatusLoopDetected, unanswered, "relay: loop", "relayed in a circle", false},
	{ErrGatewayEvent, http.StatusBadRequest, rejected, "malformed gateway event", "malformed gateway event", true},
	{ErrPath, http.StatusNotFound, rejected, "other path", "no such path", false},
	{ErrMethod, http.StatusMethodNotAllowed, rejected, "method not POST", "method not allowed", false},
	{ErrForeignAddress, http.StatusForbidden, rejected, "foreign address", infoAuthentication, false},
	{webhook.ErrQuery, http.StatusUnauthorized, rejected, "query does not parse", infoAuthentication, false},
	{webhook.ErrRepeated, http.StatusUnauthorized, rejected, "parameter repeated", infoAuthentication, false},
	{webhook.ErrUnsigned, http.StatusUnauthorized, rejected, "unsigned", infoAuthentication, false},
	{webhook.ErrMalformed, http.StatusUnauthorized, rejected, "malformed signature", infoAuthentication, false},
	{webhook.ErrNoCommand, http.StatusUnauthorized, rejected, "no command", infoAuthentication, false},
	{webhook.ErrForeignApp, http.StatusForbidden, rejected, "foreign app", infoAuthentication, false},
	{webhook.ErrStale, http.StatusForbidden, rejected, "stale", infoAuthentication, false},
	{webhook.ErrSignature, http.StatusForbidden, rejected, "wrong signature", infoAuthentication, false},
	{webhook.ErrBodyTooLarge, http.StatusRequestEntityTooLarge, rejected, "body too large", "body too large", false},
	{webhook.ErrBodyRead, http.StatusBadRequest, rejected, "body not readable", "body not readable", false},
	{msgext.ErrFormat, http.StatusOK, rejected, "body breaks the contract", "", false},
	{ErrNotReady, http.StatusServiceUnavailable, deferred, "not ready", infoOurs, true},
	{ErrDelivery, http.StatusOK, deferred, "not delivered", infoOurs, false},
	{errEarlyPanic, http.StatusServiceUnavailable, deferred, "panic", infoOurs, true},
	{guard.ErrPanic, http.StatusOK, deferred, "panic", infoOurs, false},
}

// judge finds the rule for the outcome of a request with a raw query; what the table does not know
// is ours. The rule that it returns spares only where it applies.
func judge(err error, rawQuery string, pass bool) rule {
	verdict := find(err)
	if verdict.spares = verdict.spares && !pass && webhook.NamesCommand(rawQuery, isOther); verdict.spares {
		verdict.status = http.StatusOK
	}
	return verdict
}

func find(err error) rule {
	if err == nil {
		return rule{nil, http.StatusOK, accepted, reasonDelivered, "", false}
	}
	for _, rule := range rules {
		if errors.Is(err, rule.err) {
			return rule
		}
	}
	return rule{err, http.StatusServiceUnavailable, deferred, "unknown", infoOurs, true}
}

func isOther(command string) bool { return !msgext.IsCommand(command) }

// reply is what the sender is told, by a rule that judge returned.
func (r rule) reply(err error) webhook.Reply {
	switch {
	case r.fate == accepted, r.spares:
		return webhook.OK()
	case r.info == "":
		return webhook.Fail(err.Error())
	}
	return webhook.Fail(r.info)
}
