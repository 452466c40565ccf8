// Package bench measures one webhook from the gateway's event to the response. It compares the
// product with ordinary stacks that do the same work (package peer), and the deployed binaries with
// an ordinary function. It is a separate module, so that the product does not depend on what it is
// compared with.
package bench

import (
	"context"
	"io"
	"log/slog"
	"net/http"

	"msgext/bench/peer"
	"msgext/internal/metric"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/sink"
	"msgext/pkg/sink/stdoutsink"
	"msgext/pkg/webhook"
)

// stack is a function of raw bytes, as a runtime starts it.
type stack interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// oursAWS and oursSCF are the product without destinations. They write no log line, because the
// peers write none.
func oursAWS() stack {
	rc := receiver.New(ours())
	return awsgw.New(rc, http.HandlerFunc(rc.Malformed))
}

// oursDelivering is the product in its default configuration. It writes the event and the log line
// with its metrics to a stream.
func oursDelivering(stream io.Writer) stack {
	options := ours()
	options.Sinks, options.Logger, options.Metrics = []sink.Sink{stdoutsink.New(stream)}, slog.New(slog.NewJSONHandler(stream, nil)), metric.Embedded("webhook")
	rc := receiver.New(options)
	return awsgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func oursSCF() stack {
	rc := receiver.New(ours())
	return scfgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func ours() receiver.Options {
	return receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: peer.AppID, Tokens: []secret.String{peer.Token}, MaxSkew: peer.Window},
		Logger:   slog.New(slog.DiscardHandler),
	}
}

func apiProxy() stack { return peer.APIProxy(nil, nil) }

func typed() stack { return peer.Typed() }
