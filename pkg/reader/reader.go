package reader

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"msgext/internal/logsample"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/webhook"
)

// DefaultBudget is how long the store may take. The rest of a second is for the reply: a caller
// gets an answer within one second even when the store is down.
const DefaultBudget = 800 * time.Millisecond

// Options configure a Reader.
type Options struct {
	// Store is where messages are loaded from.
	Store state.Loader
	// SDKAppID is the app whose messages are served.
	SDKAppID string
	// Tokens are the bearer tokens that are accepted. There may be several while one replaces
	// another. Without any, every caller is let in: use that only on loopback, or behind a gateway
	// that has authenticated the caller.
	Tokens []secret.String
	// Budget is how long the store may take, DefaultBudget when zero.
	Budget time.Duration
	// Logger takes a line for each request for which the store failed, and for at most five a minute
	// that were refused because of their token. The others of those are counted, and the count is
	// logged before the next line. Other requests are not logged. Nil logs nothing.
	Logger *slog.Logger
	// Now is the time, time.Now when nil. Refused requests are counted by the minute.
	Now func() time.Time
	// RequestID returns the platform's id of a request for the log; nil for none.
	RequestID func(context.Context) string
}

// Reader is the handler. It is safe for concurrent use.
type Reader struct {
	options  Options
	allowed  allowed
	refusals logsample.Refusals
}

// New returns a Reader.
func New(options Options) *Reader {
	if options.Budget == 0 {
		options.Budget = DefaultBudget
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.RequestID == nil {
		options.RequestID = func(context.Context) string { return "" }
	}
	return &Reader{options: options, allowed: digests(options.Tokens)}
}

// ServeHTTP implements http.Handler. It checks a request in this order: path, method, token, the
// message's ids. Only then it asks the store.
func (rd *Reader) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var room []byte
	if has, ok := w.(interface{ AvailableBuffer() []byte }); ok {
		room = has.AvailableBuffer() // gateway.Response has this method
	}
	answer, err := rd.answer(r, room)
	if err != nil {
		rd.refuse(w, r, err)
		return
	}
	answer.write(w, r)
}

func (rd *Reader) answer(r *http.Request, room []byte) (Answer, error) {
	route, err := routeOf(r)
	if err != nil {
		return Answer{}, err
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return Answer{}, errMethod
	}
	if !rd.allowed.lets(r.Header) {
		return Answer{}, errToken
	}
	message, tally, err := route.parse(rd.options.SDKAppID, r)
	if err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), rd.options.Budget)
	defer cancel()
	return read(ctx, rd.options.Store, message, tally, room)
}

// refuse answers in the shape of Chat's errors.
func (rd *Reader) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refused := refusalOf(err)
	w.Header().Set("Cache-Control", "no-store")
	switch refused.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, HEAD")
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		if !rd.refusals.LeaveOut(refused.info, rd.options.Now()) {
			rd.log(r, slog.LevelWarn, refused, nil)
		}
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
		rd.log(r, slog.LevelError, refused, err)
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(refused.status)
		return
	}
	webhook.Fail(refused.info).Write(w, refused.status)
}

// log logs why a request was refused, and before it how many were refused without a line. It leaves
// out the path, which may have user ids.
func (rd *Reader) log(r *http.Request, level slog.Level, refused refusal, cause error) {
	for reason, n := range rd.refusals.Take() {
		rd.options.Logger.LogAttrs(r.Context(), slog.LevelWarn, "read: refused, counted", slog.String("reason", reason), slog.Int("counted", n))
	}
	attrs := []slog.Attr{slog.Int("status", refused.status), slog.String("reason", refused.info)}
	if id := rd.options.RequestID(r.Context()); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	if cause != nil {
		attrs = append(attrs, slog.String("error", bounded(cause)))
	}
	rd.options.Logger.LogAttrs(r.Context(), level, "read", attrs...)
}

// maxErrorBytes is the greatest length of a store's error in a log line.
const maxErrorBytes = 300

func bounded(err error) string {
	text := err.Error()
	return text[:min(len(text), maxErrorBytes)]
}

// Malformed answers a gateway event that is not a valid request. A gateway gets it in addition to
// the Reader itself.
func Malformed(w http.ResponseWriter, _ *http.Request) {
	webhook.Fail("gateway event makes no sense").Write(w, http.StatusBadRequest)
}

// NotReady returns a handler for a platform on which a process cannot refuse to start. It answers
// every request as a failure of our side, and logs the reason.
func NotReady(reason error, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logger.ErrorContext(r.Context(), "not ready", "error", reason.Error())
		w.Header().Set("Cache-Control", "no-store")
		webhook.Fail("not ready").Write(w, http.StatusServiceUnavailable)
	})
}

// refusal is the answer to a request that gets no message. The info names a rule and never quotes
// the request.
type refusal struct {
	status int
	info   string
}

func (r refusal) Error() string { return "reader: " + r.info }

var (
	errPath        = refusal{http.StatusNotFound, "no such path"}
	errMethod      = refusal{http.StatusMethodNotAllowed, "method: not GET or HEAD"}
	errToken       = refusal{http.StatusUnauthorized, "Authorization: no valid bearer token"}
	errNotFound    = refusal{http.StatusNotFound, "message not found"}
	errUnavailable = refusal{http.StatusServiceUnavailable, "state could not be read"}
)

func refusalOf(err error) refusal {
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, ErrNotFound):
		return errNotFound
	}
	return errUnavailable
}
