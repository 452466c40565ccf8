package wire

import (
	"context"
	"io"
	"os"

	"msgext/pkg/config"
	"msgext/pkg/sink"
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
