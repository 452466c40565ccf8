// Package awswire opens what lies on AWS, and names the drivers that the AWS binaries link.
package awswire

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/pkg/sink"
	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/sqssink"
	"msgext/pkg/state"
	"msgext/pkg/state/dynamostate"
)

// Drivers returns the drivers for AWS.
func Drivers() wire.Drivers {
	drivers := wire.Drivers{
		Stores: map[string]wire.OpenStore{
			"redis":  wire.Redis,
			"rediss": wire.Redis,
		},
		Sinks: map[string]wire.OpenSink{
			"stdout": wire.Stdout,
			"http":   wire.HTTP, // to loopback, which the configuration sees to
			"https":  wire.HTTP,
			"kafka":  wire.Kafka,
		},
	}
	Add(drivers)
	return drivers
}

// Add adds DynamoDB, SQS and EventBridge to drivers. They share one configuration of the SDK,
// which is read when the first of them is opened: one that is not used costs nothing at start.
func Add(drivers wire.Drivers) {
	var sdk loader
	drivers.Stores["dynamodb"] = func(ctx context.Context, cfg config.Config) (state.Store, error) {
		loaded, err := sdk.load(ctx)
		if err != nil {
			return nil, err
		}
		return dynamostate.New(loaded, dynamostate.Options{Table: cfg.State.Rest.Reveal()})
	}
	drivers.Sinks["sqs"] = func(ctx context.Context, _ config.Config, location config.Location) (sink.Sink, error) {
		loaded, err := sdk.load(ctx)
		if err != nil {
			return nil, err
		}
		return sqssink.New(loaded, sqssink.Options{Queue: location.Rest.Reveal()})
	}
	drivers.Sinks["eventbridge"] = func(ctx context.Context, _ config.Config, location config.Location) (sink.Sink, error) {
		loaded, err := sdk.load(ctx)
		if err != nil {
			return nil, err
		}
		return eventbridgesink.New(loaded, eventbridgesink.Options{Bus: location.Rest.Reveal()})
	}
}

// loader reads the SDK's configuration, the environment's, once it has succeeded.
type loader struct {
	mu     sync.Mutex
	loaded *aws.Config
}

func (l *loader) load(ctx context.Context) (aws.Config, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.loaded == nil {
		loaded, err := awsconfig.LoadDefaultConfig(ctx)
		if err != nil {
			return aws.Config{}, fmt.Errorf("aws configuration: %w", err)
		}
		l.loaded = &loaded
	}
	return *l.loaded, nil
}
