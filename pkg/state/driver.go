package state

import (
	"context"

	"msgext/pkg/secret"
)

// Driver opens the stores of one kind by URL, so that a program does not depend on particular
// stores. Each store's package has a function Driver that returns its own. A program links only the
// drivers that it lists.
type Driver struct {
	// Schemes are the URL schemes of such stores, without the colon.
	Schemes []string

	// Check says what is wrong with a URL that begins with one of Schemes. Its error names the rule
	// and never the content, because a URL holds credentials. It does no I/O over a network.
	Check func(url secret.String) error

	// Open returns the store at a URL. A URL that Check refuses is an error. Open does no I/O that
	// can wait for the first use, because it delays the cold start of a function.
	Open func(ctx context.Context, url secret.String) (Store, error)
}
