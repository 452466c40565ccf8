package chatapi

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"msgext/internal/outbound"
	"msgext/pkg/secret"
)

// Services of the REST API: each call's path is version, service and command.
const (
	apiVersion = "/v4/"
	extensions = "openim_msg_ext_http_svc/"
)

// maxReply is the greatest length of a reply. 200 key-values at the documented limits are shorter,
// even with every byte escaped. So is the megabyte above which Chat itself refuses to answer (error
// 10018).
const maxReply = 2 << 20

// status is the beginning of every reply of Chat's.
type status struct {
	ActionStatus string
	ErrorCode    int
	ErrorInfo    string
}

// call is one command with its request, and how it may be repeated.
type call struct {
	command    string     // with its service
	query      url.Values // in addition to every call's parameters
	request    any
	idempotent bool // may be repeated even if it may have taken effect
	quiet      bool // its ErrorInfo may quote what was sent
}

// do makes the call, and repeats it after failures that may be temporary, while the context lasts.
// It returns the reply and its Date even if the reply has an ErrorCode. Any error is an *Error.
func (c *Client) do(ctx context.Context, call call) ([]byte, time.Time, error) {
	body, err := json.Marshal(call.request, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("chatapi: encode request: %w", err)
	}
	var reply []byte
	var date time.Time
	err = c.pace.Do(ctx, func(ctx context.Context) (err error) {
		reply, date, err = c.attempt(ctx, call, body)
		var failure *Error
		if errors.As(err, &failure) && failure.mayRepeat(call.idempotent) {
			return outbound.Again(err, 0)
		}
		return err
	})
	return reply, date, err
}

// mayRepeat reports whether a call that failed with e may be repeated at once.
func (e *Error) mayRepeat(idempotent bool) bool {
	return e.Retryable() && (idempotent || e.treatment() != transient)
}

func (c *Client) attempt(ctx context.Context, call call, body []byte) ([]byte, time.Time, error) {
	if err := c.limiter.Wait(ctx); err != nil {
		return nil, time.Time{}, fmt.Errorf("chatapi: no call left before the deadline: %w", cmp.Or(ctx.Err(), context.DeadlineExceeded))
	}
	sig, err := c.signer().userSig()
	if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, reply, err := c.post(ctx, call, sig, body)
	if err != nil {
		return nil, time.Time{}, err
	}
	date, _ := http.ParseTime(response.Header.Get("Date")) // zero if there is none
	if response.StatusCode != http.StatusOK {
		return nil, date, &Error{Status: response.StatusCode}
	}
	var status status
	if decode(reply, &status) != nil || status.ErrorCode == 0 && status.ActionStatus != "OK" {
		return nil, date, &Error{Status: response.StatusCode, cause: ErrReply}
	}
	if status.ErrorCode == 0 {
		return reply, date, nil
	}
	failure := &Error{Code: status.ErrorCode, Status: response.StatusCode}
	if !call.quiet {
		failure.Info = sanitise(status.ErrorInfo)
	}
	if failure.treatment() == expired {
		c.signer().refuse(sig)
	}
	return reply, date, failure
}

// post sends one request and reads its reply, whatever its status. Its error is an *Error.
func (c *Client) post(ctx context.Context, call call, sig secret.String, body []byte) (*http.Response, []byte, error) {
	query := url.Values{
		"sdkappid":    {c.app},
		"identifier":  {c.admin},
		"usersig":     {sig.Reveal()},
		"random":      {strconv.FormatUint(uint64(c.rand()), 10)},
		"contenttype": {"json"},
	}
	maps.Copy(query, call.query)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+apiVersion+call.command+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, &Error{cause: outbound.WithoutURL(err)}
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, &Error{cause: outbound.WithoutURL(err)}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	switch {
	case err != nil:
		return nil, nil, &Error{cause: outbound.WithoutURL(err)}
	case len(data) > maxReply:
		return nil, nil, &Error{Status: response.StatusCode, cause: ErrReply}
	}
	return response, data, nil
}

// decode reads a reply. Bytes that are not UTF-8 become U+FFFD. Otherwise a value that a client cut
// in the middle of a character would make its message unreadable forever.
func decode(data []byte, into any) error {
	return json.Unmarshal(data, into, jsontext.AllowInvalidUTF8(true))
}
