package dynamostate_test

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
	"msgext/pkg/state/statetest"
)

// local returns the configuration for DynamoDB Local, which accepts any credentials and keeps the
// tables of each access key separate.
func local(t testing.TB) aws.Config {
	t.Helper()
	address := peertest.Address(t, peertest.DynamoDB)
	return aws.Config{Region: "eu-central-1", BaseEndpoint: &address, Credentials: credentials}
}

var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "dynamostate", SecretAccessKey: "test"}, nil
})

// open opens a store over a table.
func open(t testing.TB, cfg aws.Config, table string) *dynamostate.Store {
	t.Helper()
	store, err := dynamostate.New(cfg, dynamostate.Options{Table: table})
	require.NoError(t, err)
	return store
}

// newTable creates a table for one test, and creates it again to check that this is allowed.
func newTable(t testing.TB) string {
	t.Helper()
	table := "msgext-" + rand.Text()
	store := open(t, local(t), table)
	for range 2 {
		require.NoError(t, store.CreateTable(t.Context()))
	}
	t.Cleanup(func() {
		_, err := dynamodb.NewFromConfig(local(t)).DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: &table})
		assert.NoError(t, err)
		assert.NoError(t, store.Close())
	})
	return table
}

func TestStore(t *testing.T) {
	table := newTable(t)
	statetest.Run(t, func(t *testing.T) state.Store { return open(t, local(t), table) })
}

func TestNew(t *testing.T) {
	tests := []struct {
		name  string
		table string
		want  error
	}{
		{"a name", "msgext-State_1.2", nil},
		{"none", "", dynamostate.ErrTable},
		{"too short", "ab", dynamostate.ErrTable},
		{"too long", strings.Repeat("a", 256), dynamostate.ErrTable},
		{"a path", "table/state", dynamostate.ErrTable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := dynamostate.New(aws.Config{}, dynamostate.Options{Table: test.table})
			assert.ErrorIs(t, err, test.want)
		})
	}
}
