package dynamostate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// tableName is what a table may be called (Constraints.html, as above).
var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

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
// I/O. Calls are retried as cfg has it, else as is the SDK's standard, always within their context.
// Its error is ErrTable.
func New(cfg aws.Config, options Options) (*Store, error) {
	if !tableName.MatchString(options.Table) {
		return nil, ErrTable
	}
	cfg.HTTPClient = pooled(cfg.HTTPClient)
	return &Store{table: &options.Table, client: dynamodb.NewFromConfig(cfg), http: cfg.HTTPClient}, nil
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
