package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/secret"
)

const planted = "plant-7f3a"

func TestString_NeverPrints(t *testing.T) {
	holder := struct{ Token secret.String }{planted}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		assert.NotContains(t, fmt.Sprintf(verb, holder), planted, verb)
		assert.NotContains(t, fmt.Sprintf(verb, holder.Token), planted, verb)
		assert.NotContains(t, fmt.Sprintf(verb, holder.Token), fmt.Sprintf("%x", planted), verb)
	}

	encoded, err := json.Marshal(holder)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Token":"REDACTED"}`, string(encoded))

	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "config", holder, "token", holder.Token)
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "config", holder, "token", holder.Token)
	assert.NotContains(t, log.String(), planted)
	assert.Contains(t, log.String(), secret.Redacted)

	assert.Equal(t, planted, holder.Token.Reveal())
}
