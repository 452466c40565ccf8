package dynamostate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// overhead is what DynamoDB adds to each item of a table or an index
// (CapacityUnitCalculations.html, GSI.html, read 2026-11-27).
const overhead = 100

// The bytes that are billed for a message of one key, as a message of BenchmarkScale of the other
// stores. DynamoDB Local does not tell them. So they are computed from the items that Apply has
// written, by the service's rules.
func TestStore_BytesOfAMessage(t *testing.T) {
	table := newTable(t)
	store := open(t, local(t), table)
	message := msgext.Message{SDKAppID: "1400000000", GroupID: "group 12345", MsgSeq: 25}
	require.NoError(t, store.Apply(t.Context(), msgext.Event{
		Message: message, Operation: msgext.Set, Seq: 1, KeyValues: []msgext.KeyValue{{Key: "user 1", Value: "option 1", Seq: 1}},
	}, start.Add(123*time.Millisecond), state.MarkNow))

	client := dynamodb.NewFromConfig(local(t))
	bytes := func(index *string) map[string]int {
		found, err := client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &table, IndexName: index})
		require.NoError(t, err)
		sizes := make(map[string]int)
		for _, item := range found.Items {
			name, _, _ := strings.Cut(item["sk"].(*types.AttributeValueMemberS).Value, "#")
			sizes[name] += overhead + itemBytes(t, item)
		}
		return sizes
	}
	assert.Equal(t, map[string]int{"head": 236, "key": 213}, bytes(nil))
	assert.Equal(t, map[string]int{"head": 153}, bytes(aws.String("due")), "while the message is due or unsettled")
}

// itemBytes is the size of an item (CapacityUnitCalculations.html, read 2026-11-27). The rule for
// numbers is approximate, as the service says. It says nothing of sets, which a message has only
// while a version is missing.
func itemBytes(t *testing.T, item map[string]types.AttributeValue) (bytes int) {
	for name, attribute := range item {
		bytes += len(name)
		switch value := attribute.(type) {
		case *types.AttributeValueMemberS:
			bytes += len(value.Value)
		case *types.AttributeValueMemberB:
			bytes += len(value.Value)
		case *types.AttributeValueMemberBOOL:
			bytes++
		case *types.AttributeValueMemberN:
			digits := len(strings.Trim(strings.TrimPrefix(value.Value, "-"), "0"))
			bytes += (digits+1)/2 + 1
		default:
			require.Failf(t, "no rule", "%s is a %T", name, attribute)
		}
	}
	return bytes
}
