// Package awschain reads the configuration of AWS's SDK as the SDK itself does: from the
// environment, from the files of profiles, and where these say so, from other services. It links
// those services' clients.
package awschain

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"msgext/internal/awssdk"
)

// New returns a Load that reads the configuration when it is first called. A program that uses no
// AWS driver thus pays nothing at start. A failure is not remembered: the next call tries again.
// The Load is safe for concurrent use.
func New() awssdk.Load {
	var mu sync.Mutex
	var loaded *aws.Config
	return func(ctx context.Context) (aws.Config, error) {
		mu.Lock()
		defer mu.Unlock()
		if loaded == nil {
			read, err := awsconfig.LoadDefaultConfig(ctx)
			if err != nil {
				return aws.Config{}, fmt.Errorf("aws configuration: %w", err)
			}
			loaded = &read
		}
		return *loaded, nil
	}
}
