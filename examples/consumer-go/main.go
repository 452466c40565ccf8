// Command consumer-go is a consumer of msgext's events: it shows what Chat has, whatever is lost,
// doubled, late or forged.
//
//	MSGEXT_HTTP_SECRET=whsec_... go run ./examples/consumer-go
//
// It takes events as POST and answers GET with the state of all messages, on 127.0.0.1:8090.
// Package consumer is the rule; here are the parts that you will replace: the server and the
// database.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	if err := run(os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

func run(getenv func(string) string) error {
	var server server
	for _, secret := range strings.Fields(getenv("MSGEXT_HTTP_SECRET")) {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			// Without its error, which quotes it.
			return errors.New("MSGEXT_HTTP_SECRET: not a secret of the form whsec_BASE64")
		}
		server.verifiers = append(server.verifiers, verifier)
	}
	if len(server.verifiers) == 0 {
		return errors.New("MSGEXT_HTTP_SECRET is missing: the secret that msgext signs with, whsec_ and BASE64")
	}
	var err error
	if server.store, err = openStore(cmp.Or(getenv("STATE_FOLDER"), "state")); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(getenv("PORT"), "8090"))
	if err != nil {
		return err
	}
	fmt.Printf("consumer: http://%s\n", listener.Addr())
	return (&http.Server{Handler: &server, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}).Serve(listener)
}
