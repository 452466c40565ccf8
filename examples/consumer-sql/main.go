// Command consumer-sql is a consumer of msgext's events that is SQL statements alone: it verifies
// an event, and runs the statements of its type. What they keep shows what Chat has, whatever is
// lost, doubled, late or forged.
//
//	MSGEXT_HTTP_SECRET=whsec_... go run ./examples/consumer-sql postgres://user:password@host/database
//	MSGEXT_HTTP_SECRET=whsec_... go run ./examples/consumer-sql mysql://user:password@host:3306/database
//
// It takes events as POST and answers GET with the view ext, on 127.0.0.1:8090.
package main

import (
	"cmp"
	"context"
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
	if err := run(os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string) error {
	if len(args) != 1 {
		return errors.New("give the database's URL, a postgres:// or a mysql:// one")
	}
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
	if server.database, err = open(context.Background(), args[0]); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(getenv("PORT"), "8090"))
	if err != nil {
		return err
	}
	fmt.Printf("consumer: http://%s\n", listener.Addr())
	return (&http.Server{Handler: &server, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}).Serve(listener)
}
