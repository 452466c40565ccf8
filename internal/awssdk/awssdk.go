// Package awssdk reads the configuration of AWS's SDK for all drivers of a program that need it.
package awssdk

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

// SDK reads the configuration from the environment when it is first asked for it. A program that
// uses no AWS driver thus pays nothing at start. A failure is not remembered: the next call tries
// again. SDK is safe for concurrent use, and its zero value is ready.
type SDK struct {
	mu     sync.Mutex
	loaded *aws.Config
}

// Load returns the configuration.
func (s *SDK) Load(ctx context.Context) (aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded == nil {
		loaded, err := awsconfig.LoadDefaultConfig(ctx)
		if err != nil {
			return aws.Config{}, fmt.Errorf("aws configuration: %w", err)
		}
		s.loaded = &loaded
	}
	return *s.loaded, nil
}
