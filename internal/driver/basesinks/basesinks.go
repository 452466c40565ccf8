// Package basesinks lists the sinks of every program in a cloud.
package basesinks

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/localsinks"
	"msgext/internal/loopback"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/kafkasink"
)

// AWSCredentials returns the credentials that Amazon MSK needs.
type AWSCredentials = func(context.Context) (kafkasink.AWSCredentials, error)

// List returns their drivers. The stdout: sink writes to stdout. credentials is nil in a program
// that looks for no AWS credentials.
func List(stdout io.Writer, credentials AWSCredentials) []driver.Sink {
	return append(localsinks.List(stdout),
		kafka(credentials),
	)
}

func kafka(credentials AWSCredentials) driver.Sink {
	return driver.Sink{
		Schemes: []string{"kafka"},
		Check: func(cfg config.Config, location config.Location) error {
			options := kafkaOptions(location)
			if _, err := kafkasink.New(options); err != nil {
				return err
			}
			if kafka := cfg.Kafka; kafka.Username != "" && !kafka.TLS && !kafka.Plain && slices.ContainsFunc(options.Brokers, isElsewhere) {
				return errPlainSASL
			}
			return nil
		},
		Settings: func(cfg config.Config) []config.Problem {
			if err := kafkasink.CheckSASL(withSASL(kafkasink.Options{AWS: credentials}, cfg)); err != nil {
				return []config.Problem{{Variable: "MSGEXT_KAFKA_SASL", Problem: err.Error(), Example: "SCRAM-SHA-256, with MSGEXT_KAFKA_USERNAME and MSGEXT_KAFKA_PASSWORD"}}
			}
			return nil
		},
		Open: func(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
			options := withSASL(kafkaOptions(location), cfg)
			options.AWS = credentials
			if cfg.Kafka.TLS {
				options.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			return kafkasink.New(options)
		},
	}
}

var errPlainSASL = errors.New("kafka: user name and password off loopback need TLS: set MSGEXT_KAFKA_TLS=true, or false to say in so many words that they go as clear text")

func isElsewhere(broker string) bool {
	host, _, err := net.SplitHostPort(broker)
	return err != nil || !loopback.IsHost(host)
}

func withSASL(options kafkasink.Options, cfg config.Config) kafkasink.Options {
	options.SASL = kafkasink.Mechanism(cfg.Kafka.Mechanism)
	options.Username, options.Password = secret.String(cfg.Kafka.Username), cfg.Kafka.Password
	return options
}

// kafkaOptions reads kafka://BROKER,BROKER/TOPIC.
func kafkaOptions(location config.Location) kafkasink.Options {
	brokers, topic, _ := strings.Cut(location.Place(), "/")
	return kafkasink.Options{Brokers: strings.Split(brokers, ","), Topic: topic}
}
