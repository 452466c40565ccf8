package dynamostate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/internal/awssdk"
	"msgext/internal/outbound"
	"msgext/pkg/state"
)

var (
	// ErrTable is New's error for a text that cannot be a table's name.
	ErrTable = errors.New("dynamostate: not the name of a table: 3 to 255 letters, digits, hyphens, underscores and dots")

	// ErrTooLarge is the error for a key-value, or a read, that does not fit into one item.
	ErrTooLarge = errors.New("too large for an item")
)

// maxItemBytes is the greatest size of an item, including the names of attributes
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11).
const maxItemBytes = 400 << 10

// isTableName reports whether name is allowed for a table (Constraints.html, as above). It uses no
// regular expression, because one with such bounds takes 0.8 ms to compile at every cold start.
func isTableName(name string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	return 3 <= len(name) && len(name) <= 255 && strings.Trim(name, allowed) == ""
}

// Options says where the state is kept.
type Options struct {
	Table string
}

// Store implements state.Store. It is safe for concurrent use.
type Store struct {
	table     *string
	client    *dynamodb.Client
	closeIdle func()
	recent    recent
}

var _ state.Store = (*Store)(nil)

// New returns a Store over an existing table, in the region and with the credentials of cfg. It
// does no I/O. Calls are retried by cfg.Retryer. Without one, a call is made up to four times
// within 600 ms, always within its context; if the last try fails, that is the error. New's error
// is ErrTable.
func New(cfg aws.Config, options Options) (*Store, error) {
	if !isTableName(options.Table) {
		return nil, ErrTable
	}
	client, closeIdle := awssdk.HTTPClient(cfg.HTTPClient, width)
	cfg.HTTPClient = client
	if cfg.Retryer == nil {
		cfg.Retryer = retryer
	}
	return &Store{table: &options.Table, client: dynamodb.NewFromConfig(cfg), closeIdle: closeIdle}, nil
}

// retryer is the SDK's own, with our number of tries and pauses. It also retries a write that
// conflicts with a transaction of a drop, a sweep or an erasure.
func retryer() aws.Retryer {
	policy := outbound.Delivery()
	return retry.NewStandard(func(options *retry.StandardOptions) {
		options.MaxAttempts = policy.Tries
		options.Backoff = retry.BackoffDelayerFunc(func(try int, _ error) (time.Duration, error) {
			return policy.Pause(try), nil
		})
		met := retry.RetryableErrorCode{Codes: map[string]struct{}{"TransactionConflictException": {}}}
		options.Retryables = append(options.Retryables, met)
	})
}

// Close implements state.Store.
func (s *Store) Close() error {
	s.closeIdle()
	return nil
}

// failed wraps an error with the name of the failed call. It removes addresses. If the context has
// ended, errors.Is finds that error too.
func failed(ctx context.Context, call string, err error) error {
	if err == nil {
		return nil
	}
	err = outbound.WithoutAddress(err)
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		return fmt.Errorf("dynamostate: %s: %w: %w", call, done, err)
	}
	return fmt.Errorf("dynamostate: %s: %w", call, err)
}
