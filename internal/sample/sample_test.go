package sample_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

var now = time.Unix(1795478400, 0)

func TestVector_QueryIsSignedForTheAppAndTheMoment(t *testing.T) {
	vectors := sample.Vectors()
	verifier := webhook.Verifier{SDKAppID: "1600000001", Tokens: []secret.String{"other"}}
	tried := 0
	for _, vector := range vectors {
		// The latter's app is percent-encoded.
		if vector.Want.Reason != "delivered" || vector.Name == "encoded-names" {
			continue
		}
		tried++
		query, err := webhook.ParseQuery(vector.Query("1600000001", "other", now))
		require.NoError(t, err, vector.Name)
		assert.NoError(t, verifier.Verify(query, now), vector.Name)
	}
	assert.NotZero(t, tried)
}

// The new signature stands wherever the old one stood, and nothing else changes.
func TestEvent_Resigned(t *testing.T) {
	for _, cloud := range []string{"aws", "scf"} {
		events := sample.Events(cloud)
		require.NotEmpty(t, events)
		for _, event := range events {
			resigned := event.Resigned(now)
			assert.Equal(t, event.Shape, resigned.Shape)
			assert.NotContains(t, string(resigned.Payload), "1669872112", event.Shape)
			sign := webhook.Sign(sample.PublishedToken, "1795478400")
			assert.Equal(t, bytes.Count(event.Payload, []byte("17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061")),
				bytes.Count(resigned.Payload, []byte(sign)), event.Shape)
			assert.Contains(t, string(resigned.Payload), sign, event.Shape)
			assert.Len(t, resigned.Payload, len(event.Payload), event.Shape)
		}
	}
}

func TestChanges(t *testing.T) {
	changes := sample.Changes()
	require.Len(t, changes, 3)
	for i, operation := range []string{`"OperateType":1`, `"OperateType":2`, `"OperateType":3`} {
		assert.Contains(t, changes[i], operation)
	}
}
