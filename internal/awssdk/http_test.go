package awssdk_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/awssdk"
	"msgext/internal/outbound"
)

func TestHTTPClient_ConfiguresTheSDKsOwn(t *testing.T) {
	theirs := awshttp.NewBuildableClient()
	for name, client := range map[string]aws.HTTPClient{"none": nil, "the SDK's": theirs} {
		t.Run(name, func(t *testing.T) {
			configured, closeIdle := awssdk.HTTPClient(client, 7)
			transport, ok := configured.(*outbound.Transport)
			require.True(t, ok)
			assert.Equal(t, 7, transport.HTTP.MaxIdleConnsPerHost)
			assert.Equal(t, outbound.IdleTimeout, transport.HTTP.IdleConnTimeout)
			closeIdle()
		})
	}
	assert.Equal(t, awshttp.DefaultHTTPTransportMaxIdleConnsPerHost, theirs.GetTransport().MaxIdleConnsPerHost, "the caller's is as it was")
}

// callers is a client of the caller's own.
type callers struct {
	*http.Client
	closed int
}

func (c *callers) CloseIdleConnections() { c.closed++ }

func TestHTTPClient_LeavesTheCallersAlone(t *testing.T) {
	theirs := new(callers)
	client, closeIdle := awssdk.HTTPClient(theirs, 7)
	assert.Same(t, theirs, client)
	closeIdle()
	assert.Equal(t, 1, theirs.closed)
}
