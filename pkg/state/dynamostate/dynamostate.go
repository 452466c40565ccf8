package dynamostate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"msgext/pkg/state"
)

var (
	// ErrTable is New's error for what cannot be a table's name.
	ErrTable = errors.New("dynamostate: not the name of a table: 3 to 255 letters, digits, hyphens, underscores and dots")

	// ErrTooLarge is the error for a key-value, or a read, that does not fit into one item.
	ErrTooLarge = errors.New("too large for an item")
)

// maxItemBytes is the greatest size of an item, names of attributes included
// (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11).
const maxItemBytes = 400 << 10

// isTableName reports whether a table may be called name (Constraints.html, as above). A regular
// expression with such bounds takes 0.8 ms to compile, of every cold start.
func isTableName(name string) bool {
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
	return 3 <= len(name) && len(name) <= 255 && strings.Trim(name, allowed) == ""
}

// Options says where the state is.
type Options struct {
	Table string
}

// Store implements state.Store. It is safe for concurrent use.
type Store struct {
	table  *string
	client *dynamodb.Client
	http   aws.HTTPClient
}

var _ state.Store = (*Store)(nil)

// New returns a Store over a table that stands, in the region and with the credentials of cfg. It does no
// I/O. Calls are retried as cfg.Retryer has it; without one up to four times within 600 ms, always
// within their context, and what still fails then is an error. Its error is ErrTable.
func New(cfg aws.Config, options Options) (*Store, error) {
	if !isTableName(options.Table) {
		return nil, ErrTable
	}
	cfg.HTTPClient = pooled(cfg.HTTPClient)
	if cfg.Retryer == nil {
		cfg.Retryer = retryer
	}
	return &Store{table: &options.Table, client: dynamodb.NewFromConfig(cfg), http: cfg.HTTPClient}, nil
}

const (
	// answerTimeout is how long one try waits for an answer, half of what a reply may take in all. A
	// connection that died unnoticed while the sandbox was frozen takes a request and never answers; the
	// next try, on a new one, then still has its time.
	answerTimeout = 750 * time.Millisecond

	maxTries   = 5
	firstPause = 40 * time.Millisecond // doubled with each try, so 600 ms in all
)

// retryer is the SDK's own but for its pauses: those are a second and more (up to 2^n seconds after try n), so that
// a single throttled call could outlast a whole reply.
func retryer() aws.Retryer {
	return retry.NewStandard(func(options *retry.StandardOptions) {
		options.MaxAttempts = maxTries
		options.Backoff = retry.BackoffDelayerFunc(func(try int, _ error) (time.Duration, error) {
			pause := firstPause << (try - 1)
			return pause/2 + rand.N(pause/2), nil
		})
	})
}

// pooled makes the SDK's own client keep a connection for each of the writes of one event, and none that
// a frozen sandbox would find dead: net/http compares the idle time by the wall clock when it takes
// a connection up again. Any other client is the caller's.
func pooled(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*awshttp.BuildableClient)
	if client == nil {
		buildable, ok = awshttp.NewBuildableClient(), true
	}
	if !ok {
		return client
	}
	return buildable.WithTransportOptions(func(transport *http.Transport) {
		transport.MaxIdleConnsPerHost = width
		transport.IdleConnTimeout = 30 * time.Second
		transport.ResponseHeaderTimeout = answerTimeout
	})
}

// Close implements state.Store.
func (s *Store) Close() error {
	if client, ok := s.http.(interface{ CloseIdleConnections() }); ok {
		client.CloseIdleConnections()
	}
	return nil
}

// failed names the call that failed. Where the context has ended, errors.Is knows.
func failed(ctx context.Context, call string, err error) error {
	if err == nil {
		return nil
	}
	if done := ctx.Err(); done != nil && !errors.Is(err, done) {
		return fmt.Errorf("dynamostate: %s: %w: %w", call, done, err)
	}
	return fmt.Errorf("dynamostate: %s: %w", call, err)
}
