// Package start is the function's side of SCF's Go1 runtime. The platform connects to the port that
// it names in the environment, and sends invocations.
//
// The package does what cloudfunction.StartHandler of scf-go-lib does, with that library's messages,
// and a test runs both. It is not that function, because that one links net/rpc, which finds
// methods by their names. Then the linker must keep every exported method of every type, used or
// not. The webhook function had 29 MB that way, and has 19.
package start

import (
	"context"
	"log"
	"net"
	"os"
)

// portVariable names the port on which a function listens.
const portVariable = "_LAMBDA_SERVER_PORT"

// Handler is a function of raw bytes.
type Handler interface {
	Invoke(ctx context.Context, payload []byte) ([]byte, error)
}

// Function serves invocations by a handler, until the process ends.
func Function(handler Handler) {
	listener, err := net.Listen("tcp", "0.0.0.0:"+os.Getenv(portVariable))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(serve(listener, handler))
}

func serve(listener net.Listener, handler Handler) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go newSession(connection, handler).serve()
	}
}
