package state

import (
	"context"
	"errors"
	"fmt"

	"msgext/pkg/msgext"
)

// ErrExchanged means that the store has the one-to-one message with its two accounts exchanged.
var ErrExchanged = errors.New("state: the store has it with From_Account and To_Account exchanged")

// HintExchanged adds ErrExchanged to the error of a message that was not found, if the store has
// the message with its two accounts exchanged. Which account comes first is easily mistaken.
func HintExchanged(ctx context.Context, store Loader, message msgext.Message, notFound error) error {
	if message.IsGroup() {
		return notFound
	}
	if _, err := store.Load(ctx, message.Exchanged()); err != nil {
		return notFound
	}
	return fmt.Errorf("%w: %w", notFound, ErrExchanged)
}
