package chatapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"unicode"

	"msgext/pkg/msgext"
	"msgext/pkg/secret"
)

// Errors that callers branch on.
var (
	// ErrGone means that the group or the message does not exist, or no longer exists. Asking again
	// does not help.
	ErrGone = errors.New("chatapi: no such group or message")
	// ErrRefused means that Chat refuses this call about this message, and would refuse it again.
	// It is not used for a cause that affects every call, such as a wrong key, because an operator
	// can correct that.
	ErrRefused = errors.New("chatapi: refused for good")
	// ErrConflict means that another user has changed a key that was to be set.
	ErrConflict = errors.New("chatapi: key changed by somebody else")
	// ErrReply means that the answer is not a reply of Chat's: too long, not its JSON, or against
	// its own rules.
	ErrReply = errors.New("chatapi: not a reply of Chat's")
	// ErrNoProgress means that reading page by page does not reach an end.
	ErrNoProgress = errors.New("chatapi: pages come to no end")
	// ErrForeignApp means that the message belongs to another app than the client's.
	ErrForeignApp = errors.New("chatapi: message of another app")
	// ErrChange means that Chat accepts no such change: set and delete have 1 to 20 key-values,
	// clear has none.
	ErrChange = errors.New("chatapi: not a change that Chat takes")
	// ErrOptions means that New cannot work with these options.
	ErrOptions = errors.New("chatapi: options")
)

// Error is a failed call: Chat's own ErrorCode, an HTTP status that is not 200, or no reply at all.
// For errors.Is it is ErrGone, ErrRefused or ErrConflict if its code says so. If there was no reply
// it unwraps to the transport's error.
type Error struct {
	Code   int // Chat's ErrorCode, 0 if none was received
	Status int // the HTTP status, 0 if no reply came

	// Info is Chat's ErrorInfo in the vendor's words, cut to 200 bytes, made printable and without
	// anything that could be a UserSig. It is empty for Set, because it may quote the values.
	Info string

	cause error // without the URL
}

// Error returns the code and its meaning. It contains no URL, no UserSig and no values.
func (e *Error) Error() string {
	switch {
	case e.Code != 0 && e.Info != "":
		return fmt.Sprintf("chatapi: error %d (%s): %s", e.Code, e.meaning(), e.Info)
	case e.Code != 0:
		return fmt.Sprintf("chatapi: error %d (%s)", e.Code, e.meaning())
	case e.cause == nil:
		return fmt.Sprintf("chatapi: HTTP status %d", e.Status)
	case e.Status != 0:
		return fmt.Sprintf("chatapi: HTTP status %d: %s", e.Status, reason(e.cause))
	}
	return "chatapi: no reply: " + reason(e.cause)
}

// reason says in fixed words why there was no reply. It leaves out the error's own text, because
// net/http quotes the other side's bytes in it, and those may repeat what we sent.
func reason(err error) string {
	var timeout interface{ Timeout() bool }
	var errno syscall.Errno
	var unknownHost *net.DNSError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, ErrReply):
		return "not a reply of Chat's"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &unknownHost):
		return "host not found"
	case errors.As(err, &errno):
		return errno.Error() // such as "connection refused"
	case errors.As(err, &untrusted):
		return "certificate not trusted"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection ended early"
	}
	return "transport failed"
}

// Unwrap returns why no reply could be read, nil if one was read. The error has no URL, but it is
// net/http's own and may quote the other side: do not log it.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether the code means ErrGone, ErrRefused or ErrConflict.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrGone:
		return e.treatment() == gone
	case ErrRefused:
		return e.treatment() == permanent
	case ErrConflict:
		return e.treatment() == conflict
	}
	return false
}

// Retryable reports whether the same call may succeed a little later without a change by anyone.
func (e *Error) Retryable() bool {
	t := e.treatment()
	return t == transient || t == throttled || t == expired
}

func (e *Error) meaning() string {
	meaning, _ := lookUp(e.Code)
	return meaning
}

func (e *Error) treatment() treatment {
	switch {
	case e.Code != 0:
		_, t := lookUp(e.Code)
		return t
	case e.Status == http.StatusTooManyRequests:
		return throttled
	case e.Status == 0, e.Status == http.StatusOK, e.Status >= 500:
		return transient // no reply, or one that an intermediary made up
	}
	return denied
}

// SetError is the error of a set or delete that did not change all of its keys. It is ErrConflict
// if another user changed at least one of them.
type SetError struct{ Failed []KeyFailure }

// KeyFailure is one key that was not changed, and why.
type KeyFailure struct {
	Code   int             // Chat's ErrorCode for this key
	Newest msgext.KeyValue // the key's current value, if Chat tells it
}

// Error returns the number of keys and the first code. It contains no keys and no values.
func (e *SetError) Error() string {
	code := e.Failed[0].Code
	meaning, _ := lookUp(code)
	return fmt.Sprintf("chatapi: keys not changed: %d, the first by error %d (%s)", len(e.Failed), code, meaning)
}

// Is reports whether target is ErrConflict and another user changed some key.
func (e *SetError) Is(target error) bool {
	if target != ErrConflict {
		return false
	}
	for _, failure := range e.Failed {
		if _, t := lookUp(failure.Code); t == conflict {
			return true
		}
	}
	return false
}

const maxInfo = 200 // bytes

// signatureLike matches text that could be a UserSig, or a large part of one, however it was
// encoded or cut.
var signatureLike = regexp.MustCompile(`[A-Za-z0-9*_%+/=-]{40,}`)

// sanitise makes the vendor's text safe for a log line.
func sanitise(info string) string {
	return printable(signatureLike.ReplaceAllLiteralString(info, secret.Redacted))
}

func printable(text string) string {
	if len(text) > maxInfo {
		text = text[:maxInfo]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
}
