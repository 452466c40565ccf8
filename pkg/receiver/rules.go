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

// errEarlyPanic is a panic that happened before the command was known.
var errEarlyPanic = errors.New("receiver: panic before the command was known")

// fate is how a request ended.
type fate string

const (
	accepted fate = "accepted" // answered OK
	rejected fate = "rejected" // refused, the sender's fault
	deferred fate = "deferred" // our side failed; repair completes it later

	// unanswered means that the app's backend had to answer the command and did not.
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

// rule says how one outcome is answered. The sender gets info. An empty info stands for the error's
// own text: only the faults of a body are told to the sender, and their text is bounded and free of
// content.
//
// A rule with spares set is for a failure of our side before the command is known, or for a backend
// that did not answer. If the query names a command that is not ours, the reply is OK all the same,
// because any other reply to a "before" command blocks a user. With Options.RelayPass the reply
// keeps the rule's status, and Chat's console setting for failed webhooks decides whether the user
// is blocked. Log and metrics show the failure either way.
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

// rules is the reply table (docs/design.md, section 4). Every authentic request gets HTTP 200,
// because Chat counts any other status as a broken endpoint. A failure of our side before the
// request was authenticated gets 503: the endpoint is broken then, and the console shows it.
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

// judge returns the rule for the outcome of a request with a raw query. An error that is not in the
// table counts as a failure of our side. spares is set in the returned rule only if it applies.
func judge(err error, rawQuery string, pass bool) rule {
	rule := find(err)
	if rule.spares = rule.spares && !pass && webhook.NamesCommand(rawQuery, isOther); rule.spares {
		rule.status = http.StatusOK
	}
	return rule
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

// reply returns what the sender is told. r must be a rule that judge returned.
func (r rule) reply(err error) webhook.Reply {
	switch {
	case r.fate == accepted, r.spares:
		return webhook.OK()
	case r.info == "":
		return webhook.Fail(err.Error())
	}
	return webhook.Fail(r.info)
}
