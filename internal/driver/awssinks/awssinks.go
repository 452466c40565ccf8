// Package awssinks lists the sinks of the programs for AWS. Those are all sinks that exist.
package awssinks

import (
	"context"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"

	"msgext/internal/awssdk"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/basesinks"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/eventbridgesink"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/sqssink"
)

// List returns their drivers. The stdout: sink writes to stdout.
func List(load awssdk.Load, stdout io.Writer) []driver.Sink {
	return append(basesinks.List(stdout, credentials(load)),
		service(load, "sqs", func(cfg aws.Config, queue string) (*sqssink.Sink, error) {
			return sqssink.New(cfg, sqssink.Options{Queue: queue})
		}),
		service(load, "eventbridge", func(cfg aws.Config, bus string) (*eventbridgesink.Sink, error) {
			return eventbridgesink.New(cfg, eventbridgesink.Options{Bus: bus})
		}),
	)
}

// credentials returns the credentials of the function's role. Amazon MSK needs them.
func credentials(load awssdk.Load) basesinks.AWSCredentials {
	return func(ctx context.Context) (kafkasink.AWSCredentials, error) {
		cfg, err := load(ctx)
		if err != nil {
			return kafkasink.AWSCredentials{}, err
		}
		found, err := cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return kafkasink.AWSCredentials{}, err
		}
		return kafkasink.AWSCredentials{
			AccessKeyID: found.AccessKeyID, SecretAccessKey: secret.String(found.SecretAccessKey), SessionToken: secret.String(found.SessionToken),
		}, nil
	}
}

// service returns the driver of a sink SCHEME://NAME. Without a region and credentials the sink can
// be made, so that its settings are checked, but it cannot send.
func service[S sink.Sink](load awssdk.Load, scheme string, make func(cfg aws.Config, name string) (S, error)) driver.Sink {
	return driver.Sink{
		Schemes: []string{scheme},
		Check: func(_ config.Config, location config.Location) error {
			_, err := make(aws.Config{}, location.Place())
			return err
		},
		Open: func(ctx context.Context, _ config.Config, location config.Location) (sink.Sink, error) {
			cfg, err := load(ctx)
			if err != nil {
				return nil, err
			}
			return make(cfg, location.Place())
		},
	}
}
