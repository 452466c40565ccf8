package awsgw_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/sample"
	"msgext/pkg/gateway/awsgw"
)

// addressOf returns the RemoteAddr of the request that an event becomes.
func addressOf(t *testing.T, event []byte) (address string) {
	t.Helper()
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { address = r.RemoteAddr })
	_, err := awsgw.New(handler, refused).Invoke(t.Context(), event)
	require.NoError(t, err)
	return address
}

func TestAdapter_EverySampleComesFromTheSameAddress(t *testing.T) {
	for _, sample := range sample.Events("aws") {
		assert.Equal(t, "192.0.2.10", addressOf(t, sample.Payload), sample.Shape)
	}
}

// Each shape has one place where the platform reports the address. An address anywhere else is set
// by a client, or is not the client's.
func TestAdapter_Address(t *testing.T) {
	const rest, v2, alb = `"httpMethod":"POST","requestContext":{`, `"rawPath":"/","requestContext":{"http":{"method":"POST"`, `"httpMethod":"POST","requestContext":{"elb":{}}`
	tests := []struct{ name, event, want string }{
		{"REST", `{` + rest + `"identity":{"sourceIp":"192.0.2.1"},"sourceIp":"192.0.2.2"},"headers":{"X-Forwarded-For":"192.0.2.3"}}`, "192.0.2.1"},
		{"REST without", `{` + rest + `"identity":{},"sourceIp":"192.0.2.2"},"headers":{"X-Forwarded-For":"192.0.2.3"},"sourceIp":"192.0.2.4"}`, ""},
		{"REST with something else", `{` + rest + `"identity":{"sourceIp":["192.0.2.1"]}}}`, ""},
		{"v2", `{` + v2 + `,"sourceIp":"192.0.2.1"},"identity":{"sourceIp":"192.0.2.2"}},"headers":{"x-forwarded-for":"192.0.2.3"}}`, "192.0.2.1"},
		{"v2 without", `{` + v2 + `}},"headers":{"x-forwarded-for":"192.0.2.3"}}`, ""},
		{"load balancer", `{` + alb + `,"headers":{"x-forwarded-for":"192.0.2.3, 192.0.2.1"}}`, "192.0.2.1"},
		{"load balancer that tells the port, too", `{` + alb + `,"headers":{"x-forwarded-for":"192.0.2.1:443"}}`, "192.0.2.1:443"},
		{"load balancer without", `{` + alb + `,"headers":{"x-real-ip":"192.0.2.3"}}`, ""},
		{"load balancer, lists", `{` + alb + `,"multiValueHeaders":{"x-forwarded-for":["192.0.2.3,192.0.2.1"]}}`, "192.0.2.1"},
		{"load balancer, several lines", `{` + alb + `,"multiValueHeaders":{"x-forwarded-for":["192.0.2.1","192.0.2.3"]}}`, ""},
		{"load balancer, two spellings", `{` + alb + `,"headers":{"x-forwarded-for":"192.0.2.1","X-Forwarded-For":"192.0.2.3"}}`, ""},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, addressOf(t, []byte(test.event)), test.name)
	}
}
