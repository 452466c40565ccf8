// Package bench measures the whole path of one webhook, gateway event in to response out, beside
// the ordinary stacks doing the same work (package peer), and the deployed binaries beside an ordinary function. It is
// a module of its own, so that the product does not depend on its peers.
package bench

import (
	"context"
	"log/slog"
	"net/http"

	"msgext/bench/peer"
	"msgext/pkg/gateway/awsgw"
	"msgext/pkg/gateway/scfgw"
	"msgext/pkg/receiver"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

// stack is a function of raw bytes, as a runtime starts it.
type stack interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// oursAWS and oursSCF are the product with nothing to deliver to. It writes no log line, as the peers write none.
func oursAWS() stack {
	rc := ours()
	return awsgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func oursSCF() stack {
	rc := ours()
	return scfgw.New(rc, http.HandlerFunc(rc.Malformed))
}

func ours() *receiver.Receiver {
	return receiver.New(receiver.Options{
		Verifier: webhook.Verifier{SDKAppID: peer.AppID, Tokens: []secret.String{peer.Token}, MaxSkew: peer.Window},
		Logger:   slog.New(slog.DiscardHandler),
	})
}

func apiProxy() stack { return peer.APIProxy(nil, nil) }

func typed() stack { return peer.Typed() }
