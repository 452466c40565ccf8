package chatapi

import (
	"context"
	"errors"
	"fmt"

	"msgext/pkg/msgext"
)

type setRequest struct {
	msgext.Address
	OperateType   msgext.Operation
	ExtensionList []msgext.KeyValue `json:",omitzero"`
}

// setReply has a result for each key: some may be changed and others not.
type setReply struct {
	ExtensionList []struct {
		ErrorCode int
		Extension msgext.KeyValue
	}
}

// Set sets or deletes up to 20 key-values of a message, or clears them all (then without
// key-values). The Seq of each is the version the caller last saw, 0 for none. Chat changes a
// member's key only if no other user has changed it since that version. It does not check this for
// the admin, as whom this client calls (see the package's sources), so the last call wins.
//
// It returns the changed keys with their new versions. If some were not changed, its error is a
// *SetError. That is ErrConflict, with the newest value, if another user was faster. Other errors:
// ErrForeignApp, ErrChange, ErrGone, ErrReply, *Error. A call that may have taken effect is not
// repeated: after an *Error without Code, read the message.
func (c *Client) Set(ctx context.Context, message msgext.Message, operation msgext.Operation, keyValues []msgext.KeyValue) ([]msgext.KeyValue, error) {
	if message.SDKAppID != c.app {
		return nil, ErrForeignApp
	}
	if err := checkChange(operation, keyValues); err != nil {
		return nil, err
	}
	data, _, err := c.do(ctx, call{
		command: commandFor(message, "set_key_values"),
		request: setRequest{message.Address(), operation, keyValues},
		quiet:   true,
	})
	var failure *Error
	if err != nil && !(errors.As(err, &failure) && failure.Code != 0) {
		return nil, err
	}
	var reply setReply
	if decode(data, &reply) != nil && err == nil {
		return nil, ErrReply
	}
	changed, failed := reply.divide()
	switch {
	case len(failed) > 0:
		return changed, &SetError{failed}
	case err != nil:
		return nil, err
	}
	return changed, nil
}

func checkChange(operation msgext.Operation, keyValues []msgext.KeyValue) error {
	switch operation {
	case msgext.Set, msgext.Delete:
		if len(keyValues) == 0 || len(keyValues) > msgext.MaxKeyValues {
			return fmt.Errorf("%w: %d key-values", ErrChange, len(keyValues))
		}
	case msgext.Clear:
		if len(keyValues) > 0 {
			return fmt.Errorf("%w: a clear with key-values", ErrChange)
		}
	default:
		return fmt.Errorf("%w: %s", ErrChange, operation)
	}
	return nil
}

func (r setReply) divide() (changed []msgext.KeyValue, failed []KeyFailure) {
	for _, item := range r.ExtensionList {
		if item.ErrorCode == 0 {
			changed = append(changed, item.Extension)
		} else {
			failed = append(failed, KeyFailure{item.ErrorCode, item.Extension})
		}
	}
	return changed, failed
}
