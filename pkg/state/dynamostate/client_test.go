package dynamostate_test

import (
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// client is an HTTP client that calls a function for each request.
type client func(*http.Request) (*http.Response, error)

func (c client) Do(request *http.Request) (*http.Response, error) { return c(request) }

// operation returns the name of a request's call: UpdateItem, Query, ....
func operation(request *http.Request) string {
	_, name, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	return name
}

type send = func(*http.Request) (*http.Response, error)

// through returns the configuration with do around every request.
func through(cfg aws.Config, do func(*http.Request, send) (*http.Response, error)) aws.Config {
	cfg.HTTPClient = client(func(request *http.Request) (*http.Response, error) {
		return do(request, http.DefaultClient.Do)
	})
	return cfg
}

// counter counts requests by operation. It is safe for concurrent use.
type counter struct {
	mu       sync.Mutex
	requests map[string]int
}

func (c *counter) do(request *http.Request, send send) (*http.Response, error) {
	c.mu.Lock()
	if c.requests == nil {
		c.requests = make(map[string]int)
	}
	c.requests[operation(request)]++
	c.mu.Unlock()
	return send(request)
}

// take returns what was counted since it was last called.
func (c *counter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	requests := c.requests
	c.requests = nil
	return requests
}
