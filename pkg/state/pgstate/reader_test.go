package pgstate_test

import (
	"context"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// The role for the read function in docs/operations.md can load, and nothing else.
func TestStore_DocumentedReaderRole(t *testing.T) {
	documented, err := os.ReadFile("../../../docs/operations.md")
	require.NoError(t, err)
	match := regexp.MustCompile("(?s)```sql\n(CREATE ROLE msgext_reader .*?)```").FindSubmatch(documented)
	require.NotNil(t, match)
	location, conn := schema(t)
	role := "msgext_reader_" + strings.ToLower(statetest.NewMessage().GroupID[len("@TGS#"):])
	_, err = conn.Exec(t.Context(), strings.ReplaceAll(strings.ReplaceAll(string(match[1]), "msgext_reader", role), "…", "password"))
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role)
		assert.NoError(t, err)
	})
	owner, m := open(t, location), statetest.NewMessage()
	require.NoError(t, owner.Apply(t.Context(), statetest.SetEvent(m, 1, "v", "a"), heard, state.MarkNow))

	as, err := url.Parse(location)
	require.NoError(t, err)
	as.User = url.UserPassword(role, "password")
	reader := open(t, as.String())
	record, err := reader.Load(t.Context(), m)
	require.NoError(t, err)
	assert.Len(t, record.State.Visible(), 1)
	assert.ErrorContains(t, reader.Apply(t.Context(), statetest.SetEvent(m, 2, "v", "a"), heard, state.MarkNow), "permission denied")
	assert.ErrorContains(t, reader.Forget(t.Context(), m), "permission denied")
	require.NoError(t, reader.Close())
	require.NoError(t, owner.Forget(t.Context(), m))
	require.NoError(t, owner.Close())
}
