package redisstate_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/peertest"
	"msgext/pkg/secret"
	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// The user for the read function in docs/operations.md can load, and nothing else.
func TestStore_DocumentedReaderUser(t *testing.T) {
	documented, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	match := regexp.MustCompile("`(ACL SETUSER msgext_reader .*?)`").FindSubmatch(documented)
	require.NotNil(t, match)
	location := peertest.Address(t, peertest.Redis)
	owner, m := open(t, secret.String(location)), statetest.NewMessage()
	user := "msgext_reader_" + m.GroupID[len("@TGS#"):]
	var command []any
	for _, word := range strings.Fields(strings.ReplaceAll(strings.ReplaceAll(string(match[1]), "msgext_reader", user), "…", "password")) {
		command = append(command, word)
	}
	client, ok := owner.Client().(*redis.Client)
	require.True(t, ok)
	require.NoError(t, client.Do(t.Context(), command...).Err())
	t.Cleanup(func() { assert.NoError(t, client.ACLDelUser(context.Background(), user).Err()) })
	require.NoError(t, owner.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), start, state.MarkNow))

	reader := open(t, secret.String(strings.Replace(location, "redis://", "redis://"+user+":password@", 1)))
	record, err := reader.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Len(t, record.State.Visible(), 1)
	assert.ErrorContains(t, reader.Apply(t.Context(), statetest.SetEvent(m, 2, "v", "a"), start, state.MarkNow), "NOPERM")
	assert.ErrorContains(t, reader.Forget(t.Context(), m), "NOPERM")
	require.NoError(t, owner.Forget(t.Context(), m))
}
