package awscall

import (
	"errors"
	"strconv"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"msgext/internal/outbound"
)

// Error is an error that a service answered. It leaves out the service's own message, because a
// message about an invalid field repeats the field.
type Error struct {
	Code   string // such as ThrottlingException
	Status int    // of HTTP
	Err    error
}

func (e *Error) Error() string { return e.Code + " (HTTP " + strconv.Itoa(e.Status) + ")" }

func (e *Error) Unwrap() error { return e.Err }

// describe shortens the SDK's error to what a log needs, without addresses.
func describe(err error) error {
	var (
		said     smithy.APIError
		response *smithyhttp.ResponseError
		sent     *smithyhttp.RequestSendError
	)
	switch {
	case errors.As(err, &said):
		described := &Error{Code: said.ErrorCode(), Status: 200, Err: err}
		if errors.As(err, &response) {
			described.Status = response.HTTPStatusCode()
		}
		return described
	case errors.As(err, &sent):
		return outbound.WithoutAddress(sent.Err)
	}
	return outbound.WithoutAddress(err)
}
