package state

import (
	"context"

	"msgext/pkg/secret"
)

// Driver opens the stores of one kind by URL, so that a program need not know what kinds there are.
// Each package of a store has a function Driver that returns its own; what a program links is what
// it lists.
type Driver struct {
	// Schemes begin the URLs of such stores, without the colon.
	Schemes []string

	// Check says what is wrong with a URL that begins with one of Schemes: the rule, never the
	// content, because a URL holds credentials. It does no I/O over a network.
	Check func(url secret.String) error

	// Open returns the store at a URL; what Check refuses is an error. It does no I/O that the
	// first use could do as well, because the cold start of a function pays for it.
	Open func(ctx context.Context, url secret.String) (Store, error)
}
