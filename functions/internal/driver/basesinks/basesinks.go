// Package basesinks lists the sinks of every program in a cloud.
package basesinks

import (
	"context"
	"crypto/tls"
	"io"
	"strings"

	"msgext/functions/internal/driver"
	"msgext/functions/internal/driver/localsinks"
	"msgext/internal/config"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/kafkasink"
)

// List returns their drivers. What goes to stdout: is written to stdout.
func List(stdout io.Writer) []driver.Sink {
	return append(localsinks.List(stdout),
		kafka(),
	)
}

func kafka() driver.Sink {
	return driver.Sink{
		Schemes: []string{"kafka"},
		Check: func(_ config.Config, location config.Location) error {
			_, err := kafkasink.New(kafkaOptions(location))
			return err
		},
		Settings: func(cfg config.Config) []config.Problem {
			sasl := cfg.Kafka
			if err := kafkasink.CheckSASL(kafkasink.Mechanism(sasl.Mechanism), secret.String(sasl.Username), sasl.Password); err != nil {
				return []config.Problem{{Variable: "MSGEXT_KAFKA_SASL", Problem: err.Error(), Example: "SCRAM-SHA-256, with MSGEXT_KAFKA_USERNAME and MSGEXT_KAFKA_PASSWORD"}}
			}
			return nil
		},
		Open: func(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
			options := kafkaOptions(location)
			options.SASL = kafkasink.Mechanism(cfg.Kafka.Mechanism)
			options.Username, options.Password = secret.String(cfg.Kafka.Username), cfg.Kafka.Password
			if cfg.Kafka.TLS {
				options.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
			}
			return kafkasink.New(options)
		},
	}
}

// kafkaOptions reads kafka://BROKER,BROKER/TOPIC.
func kafkaOptions(location config.Location) kafkasink.Options {
	brokers, topic, _ := strings.Cut(location.Place(), "/")
	return kafkasink.Options{Brokers: strings.Split(brokers, ","), Topic: topic}
}
