package awssdk

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"msgext/internal/outbound"
)

// HTTPClient configures the SDK's own HTTP client, of which nil is one with its defaults. It keeps
// up to idle unused connections to a host. It checks a connection that was idle before using it,
// because the sandbox may have been frozen since. A client of another type belongs to the caller
// and is not changed. closeIdle closes the unused connections of either.
func HTTPClient(client aws.HTTPClient, idle int) (configured aws.HTTPClient, closeIdle func()) {
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	if buildable, ok := client.(*awshttp.BuildableClient); ok {
		transport := buildable.GetTransport() // a copy
		transport.MaxIdleConnsPerHost = idle
		transport.IdleConnTimeout = outbound.IdleTimeout
		client = outbound.NewTransport(transport)
	}
	if closer, ok := client.(interface{ CloseIdleConnections() }); ok {
		return client, closer.CloseIdleConnections
	}
	return client, func() {}
}
