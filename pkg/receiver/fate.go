package receiver

import (
	"errors"
	"log/slog"
	"net/http"

	"msgext/pkg/metric"
	"msgext/pkg/msgext"
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

// fate is what becomes of a request.
type fate string

const (
	accepted fate = "accepted" // answered OK
	rejected fate = "rejected" // the sender's fault
	deferred fate = "deferred" // ours: what was not accepted is repaired later
)

func (f fate) level() slog.Level {
	switch f {
	case accepted:
		return slog.LevelInfo
	case rejected:
		return slog.LevelWarn
	}
	return slog.LevelError
}

func (f fate) metric() string {
	switch f {
	case accepted:
		return metric.Accepted
	case rejected:
		return metric.Rejected
	}
	return metric.Failed
}

// rule says how one outcome is answered. The outside gets info; an empty info stands for
// the error's own text, which only a body's faults have: bounded, and without content.
type rule struct {
	err    error
	status int
	fate   fate
	reason string // in the log and as a metric's dimension
	info   string
}

const (
	infoAuthentication = "not authenticated"
	infoOurs           = "not processed, our side failed"
)

// rules is the reply table (docs/design.md, section 4). Whatever is authentic gets HTTP 200,
// because Chat counts any other status as a broken endpoint.
var rules = []rule{
	{ErrGatewayEvent, http.StatusBadRequest, rejected, "malformed gateway event", "malformed gateway event"},
	{ErrPath, http.StatusNotFound, rejected, "other path", "no such path"},
	{ErrMethod, http.StatusMethodNotAllowed, rejected, "method not POST", "method not allowed"},
	{webhook.ErrQuery, http.StatusUnauthorized, rejected, "query does not parse", infoAuthentication},
	{webhook.ErrRepeated, http.StatusUnauthorized, rejected, "parameter repeated", infoAuthentication},
	{webhook.ErrUnsigned, http.StatusUnauthorized, rejected, "unsigned", infoAuthentication},
	{webhook.ErrMalformed, http.StatusUnauthorized, rejected, "malformed signature", infoAuthentication},
	{webhook.ErrNoCommand, http.StatusUnauthorized, rejected, "no command", infoAuthentication},
	{webhook.ErrForeignApp, http.StatusForbidden, rejected, "foreign app", infoAuthentication},
	{webhook.ErrStale, http.StatusForbidden, rejected, "stale", infoAuthentication},
	{webhook.ErrSignature, http.StatusForbidden, rejected, "wrong signature", infoAuthentication},
	{webhook.ErrBodyTooLarge, http.StatusRequestEntityTooLarge, rejected, "body too large", "body too large"},
	{webhook.ErrBodyRead, http.StatusBadRequest, rejected, "body not readable", "body not readable"},
	{msgext.ErrFormat, http.StatusOK, rejected, "body breaks the contract", ""},
	{ErrNotReady, http.StatusOK, deferred, "not ready", infoOurs},
	{ErrDelivery, http.StatusOK, deferred, "not delivered", infoOurs},
	{errPanic, http.StatusOK, deferred, "panic", infoOurs},
}

// judge finds the rule for the outcome of a request; what the table does not know is ours.
func judge(err error) rule {
	if err == nil {
		return rule{nil, http.StatusOK, accepted, reasonDelivered, ""}
	}
	for _, rule := range rules {
		if errors.Is(err, rule.err) {
			return rule
		}
	}
	return rule{err, http.StatusOK, deferred, "unknown", infoOurs}
}

func (r rule) reply(err error) webhook.Reply {
	switch {
	case r.fate == accepted:
		return webhook.OK()
	case r.info == "":
		return webhook.Fail(err.Error())
	}
	return webhook.Fail(r.info)
}
