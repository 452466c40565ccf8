package sqssink_test

import (
	"crypto/md5" //nolint:gosec // what SQS answers with
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/sink/sinktest"
	"msgext/pkg/sink/sqssink"
)

// The sink uses the SDK's own client, as in a function, with a clock that the test can move.
func TestSink_Frozen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ QueueName, MessageBody string }
		body, _ := io.ReadAll(r.Body)
		if json.Unmarshal(body, &request) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sum := md5.Sum([]byte(request.MessageBody))
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(map[string]string{
			"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/votes", "MessageId": "1", "MD5OfMessageBody": hex.EncodeToString(sum[:]),
		})
	}))
	t.Cleanup(server.Close)
	network := outboundtest.NewNetwork(t, server.Listener.Addr().String())
	cfg := config("http://" + network.Addr().String())
	transport := outbound.NewTransport(awshttp.NewBuildableClient().GetTransport())
	var ahead atomic.Int64
	transport.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	cfg.HTTPClient = transport
	s, err := sqssink.New(cfg, sqssink.Options{Queue: "votes"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	sinktest.Frozen(t, network, s, func(d time.Duration) { ahead.Add(int64(d)) })
}
