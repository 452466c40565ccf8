package bench

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"msgext/bench/peer"
	"msgext/pkg/receiver"
	"msgext/pkg/relay"
	"msgext/pkg/secret"
	"msgext/pkg/webhook"
)

const (
	backendVariable = "BENCH_BACKEND"
	backendReply    = `{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}`
)

// serveRelayed runs one of the servers that BenchmarkRelay compares, and prints its address.
func serveRelayed(stack string) {
	var handler http.Handler
	switch stack {
	case "backend":
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, backendReply)
		})
	case "relay":
		passOn, err := relay.New(relay.Options{URL: secret.String(os.Getenv(backendVariable))})
		if err != nil {
			log.Fatal(err)
		}
		handler = receiver.New(receiver.Options{
			Verifier: webhook.Verifier{SDKAppID: peer.AppID, Tokens: []secret.String{peer.Token}, MaxSkew: peer.Window},
			Logger:   slog.New(slog.DiscardHandler), Relay: passOn, RelayPass: true,
		})
	case "reverse-proxy":
		target, err := url.Parse(os.Getenv(backendVariable))
		if err != nil {
			log.Fatal(err)
		}
		handler = httputil.NewSingleHostReverseProxy(target)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "msgext serves on http://%s:\n", listener.Addr())
	log.Fatal(http.Serve(listener, handler))
}
