package chatsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"msgext/internal/outbound"
)

// Timeout is how long Chat waits for a reply (trtc.io/document/34354).
const Timeout = 2 * time.Second

const maxReplyBytes = 64 << 10

// Errors of a Send function.
var (
	// ErrTimeout means no reply within Timeout. It is the only failure after which Chat may send
	// again.
	ErrTimeout = errors.New("chatsim: no reply in time")
	// ErrUnreachable means no reply for another reason.
	ErrUnreachable = errors.New("chatsim: no reply")
	// ErrReply means a reply that Chat counts as a failed webhook: not status 200, or not its JSON.
	ErrReply = errors.New("chatsim: not a reply to a webhook")
	// ErrFailed means a valid reply that says FAIL. Chat ignores it.
	ErrFailed = errors.New("chatsim: webhook answered with FAIL")
)

// Sender returns a Send function that makes the HTTP requests that Chat would make to the app's
// URL. Its errors are ErrTimeout, ErrUnreachable, ErrReply and ErrFailed, or that the URL is
// invalid.
func Sender(client *http.Client, appURL string) func(context.Context, Delivery) error {
	return func(ctx context.Context, d Delivery) error {
		ctx, cancel := context.WithTimeout(ctx, Timeout)
		defer cancel()
		request, err := d.Request(ctx, appURL)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return unreached(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, maxReplyBytes))
		if err != nil {
			return unreached(err)
		}
		return CheckReply(response.StatusCode, body)
	}
}

// unreached removes the URL from an error, because the URL has the Sign.
func unreached(err error) error {
	err = outbound.WithoutURL(err)
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return ErrTimeout
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// CheckReply checks a reply as Chat does: nil for OK, ErrFailed for FAIL, ErrReply for anything
// else.
func CheckReply(status int, body []byte) error {
	var reply struct {
		ActionStatus *string
		ErrorInfo    *string
		ErrorCode    *int
	}
	if status != http.StatusOK {
		return fmt.Errorf("%w: status %d", ErrReply, status)
	}
	if json.Unmarshal(body, &reply) != nil || reply.ActionStatus == nil || reply.ErrorInfo == nil || reply.ErrorCode == nil {
		return fmt.Errorf("%w: not the JSON it should be", ErrReply)
	}
	switch {
	case *reply.ActionStatus == "OK" && *reply.ErrorCode == 0:
		return nil
	case *reply.ActionStatus == "FAIL" && *reply.ErrorCode != 0:
		return fmt.Errorf("%w: ErrorCode %d", ErrFailed, *reply.ErrorCode)
	}
	return fmt.Errorf("%w: ActionStatus and ErrorCode disagree", ErrReply)
}
