package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The checks find a function that answers differently and one that delivers nothing.
func TestSAM_FindsWhatDiffers(t *testing.T) {
	response := func(status, body string) invoker {
		return func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"statusCode":` + status + `,"body":"` + body + `"}`), nil
		}
	}
	const ok = `{\"ActionStatus\":\"OK\",\"ErrorInfo\":\"\",\"ErrorCode\":0}`
	var output bytes.Buffer
	require.ErrorIs(t, checkWebhook(t.Context(), response("500", ok), &output), errDiffers)
	require.ErrorIs(t, checkWebhook(t.Context(), response("200", "{}"), &output), errDiffers)
	err := checkWebhook(t.Context(), response("200", ok), &output)
	require.ErrorIs(t, err, errDiffers, "what is stale must be refused")
	assert.Contains(t, err.Error(), "stale")
	require.ErrorIs(t, checkDelivered("", &output), errDiffers)
	for _, report := range []string{`{"errorMessage":"store unreachable","errorType":"errorString"}`, `{}`, `{"Checked":1,"Open":0}`, ``} {
		require.ErrorIs(t, checkRepair(t.Context(), func(context.Context, []byte) ([]byte, error) { return []byte(report), nil }, &output), errDiffers, report)
	}
}
