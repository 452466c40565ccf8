package wire

import (
	"context"
	"crypto/tls"
	"io"
	"os"
	"strings"

	"msgext/internal/config"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/httpsink"
	"msgext/pkg/sink/kafkasink"
	"msgext/pkg/sink/stdoutsink"
)

// Stdout opens the stdout: sink on the process's own output.
func Stdout(context.Context, config.Config, config.Location) (sink.Sink, error) {
	return stdoutsink.New(os.Stdout), nil
}

// Writer returns an opener of the stdout: sink on another stream.
func Writer(w io.Writer) OpenSink {
	return func(context.Context, config.Config, config.Location) (sink.Sink, error) {
		return stdoutsink.New(w), nil
	}
}

// HTTP opens an https: sink, or an http: one to loopback.
func HTTP(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
	return httpsink.New(httpsink.Options{
		URL: location.URL, Secrets: cfg.HTTP.Secrets, AllowLinkLocal: cfg.HTTP.AllowLinkLocal,
	})
}

// Kafka opens a kafka: sink.
func Kafka(_ context.Context, cfg config.Config, location config.Location) (sink.Sink, error) {
	brokers, topic, _ := strings.Cut(location.Rest.Reveal(), "/")
	options := kafkasink.Options{
		Brokers: strings.Split(brokers, ","), Topic: topic,
		SASL: kafkasink.Mechanism(cfg.Kafka.Mechanism), Username: secret.String(cfg.Kafka.Username), Password: cfg.Kafka.Password,
	}
	if cfg.Kafka.TLS {
		options.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return kafkasink.New(options)
}
