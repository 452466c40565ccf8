// Command freeport prints the requested number of free loopback ports, one a line. With -open PORT
// it succeeds if something listens on that port.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	open := flag.Int("open", 0, "a port to try instead")
	flag.Parse()
	var err error
	if *open > 0 {
		err = try(*open)
	} else {
		err = printFree(flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func try(port int) error {
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
	if err != nil {
		return err
	}
	return connection.Close()
}

func printFree(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return fmt.Errorf("usage: freeport COUNT | -open PORT")
	}
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		// Closed only at the end, so that no port comes twice.
		defer func() { _ = listener.Close() }()
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	}
	return nil
}
