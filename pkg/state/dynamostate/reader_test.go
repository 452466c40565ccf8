package dynamostate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"msgext/pkg/state"
	"msgext/pkg/state/statetest"
)

// template.yaml gives the read function only the right to query the table.
func TestStore_LoadIsAQuery(t *testing.T) {
	var requests counter
	store := open(t, through(local(t), requests.do), newTable(t))
	requests.take()
	_, err := store.Load(t.Context(), statetest.NewMessage())
	assert.ErrorIs(t, err, state.ErrNotFound)
	assert.Equal(t, map[string]int{"Query": 1}, requests.take())
}
