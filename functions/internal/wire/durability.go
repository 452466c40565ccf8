package wire

import (
	"context"
	"log/slog"

	"msgext/pkg/state"
)

// LogDurability logs what the store may lose, where its server's settings decide that. The webhook
// function must not call it, because it does network I/O.
func LogDurability(ctx context.Context, store state.Store, logger *slog.Logger) {
	settable, ok := store.(state.Settable)
	if !ok {
		return
	}
	durability, err := settable.Durability(ctx)
	switch {
	case err != nil:
		logger.WarnContext(ctx, "MSGEXT_STATE: it is not known what the server may lose", "error", err)
	case durability == state.Durable:
		logger.InfoContext(ctx, "MSGEXT_STATE: what the server has accepted survives a crash")
	default:
		logger.WarnContext(ctx, "MSGEXT_STATE: the server may lose what it has accepted, see what the README says of Redis", "durability", durability)
	}
}
