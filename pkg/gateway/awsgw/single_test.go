package awsgw_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/gateway/awsgw"
)

// SingleValued is called once for a load balancer without multi-value headers, or an event that
// looks like one. It is not called for other shapes, which show a parameter that was sent twice.
func TestAdapter_SingleValued(t *testing.T) {
	for name, test := range map[string]struct {
		event string
		want  int
	}{
		"load balancer, single": {`{"requestContext":{"elb":{}},"httpMethod":"POST","path":"/","headers":{},"queryStringParameters":{"Sign":"b"}}`, 1},
		"load balancer, multi":  {`{"requestContext":{"elb":{}},"httpMethod":"POST","path":"/","multiValueHeaders":{},"multiValueQueryStringParameters":{"Sign":["a","b"]}}`, 0},
		"REST API":              {`{"httpMethod":"POST","path":"/","queryStringParameters":{"Sign":"b"},"multiValueQueryStringParameters":{"Sign":["a","b"]}}`, 0},
		"REST API, one map":     {`{"httpMethod":"POST","path":"/","queryStringParameters":{"Sign":"b"},"multiValueQueryStringParameters":null}`, 1},
		"HTTP API":              {`{"version":"2.0","rawPath":"/","rawQueryString":"Sign=a&Sign=b","queryStringParameters":{"Sign":"a,b"},"requestContext":{"http":{"method":"POST"}}}`, 0},
		"no query":              {`{"requestContext":{"elb":{}},"httpMethod":"POST","path":"/","queryStringParameters":{}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			told := 0
			adapter := awsgw.New(http.NotFoundHandler(), http.NotFoundHandler())
			adapter.SingleValued = func() { told++ }
			for range 3 {
				_, err := adapter.Invoke(t.Context(), []byte(test.event))
				require.NoError(t, err)
			}
			assert.Equal(t, test.want, told)
		})
	}
}
