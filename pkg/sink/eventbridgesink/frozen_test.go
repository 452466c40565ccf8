package eventbridgesink_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/outbound"
	"msgext/internal/outbound/outboundtest"
	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/sinktest"
)

// The sink uses the SDK's own client, as in a function, with a clock that the test can move.
func TestSink_Frozen(t *testing.T) {
	endpoint, _ := standIn(t, answer{200, `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`})
	network := outboundtest.NewNetwork(t, strings.TrimPrefix(endpoint, "http://"))
	cfg := config("http://" + network.Addr().String())
	transport := outbound.NewTransport(awshttp.NewBuildableClient().GetTransport())
	var ahead atomic.Int64
	transport.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	cfg.HTTPClient = transport
	s, err := eventbridgesink.New(cfg, eventbridgesink.Options{Bus: "default"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	sinktest.Frozen(t, network, s, func(d time.Duration) { ahead.Add(int64(d)) })
}
