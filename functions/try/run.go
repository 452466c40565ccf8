package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"msgext/functions/internal/driver"
	"msgext/internal/config"
	"msgext/internal/sample"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const usage = `usage: try send URL [SAMPLE|-]                       MSGEXT_SDK_APP_ID, MSGEXT_TOKEN: the app's
       try invoke webhook|repair BINARY [SAMPLE|-]   MSGEXT_...: the function's
       try urls                                      standard input: what a deployment printed; MSGEXT_PATH
       try sam BUILD emulator PROGRAM | docker SAM
SAMPLE is a file of testdata/vectors without .json; - reads standard input: a body for send, an event for invoke`

// Errors that decide the exit status.
var (
	errUsage    = errors.New(usage)
	errDiffers  = errors.New("not as expected")
	errNoSample = errors.New("no such sample")
)

// console is what a process is started with.
type console struct {
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// variable returns a variable of the environment, "" where it is not set.
func (c console) variable(name string) string {
	for _, entry := range slices.Backward(c.environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// load reads what Chat's webhooks are signed with and where they go. The function itself looks at the rest.
func (c console) load() (config.Config, error) {
	return driver.Drivers{}.Load(c.environ, config.Send)
}

func run(ctx context.Context, args []string, c console) int {
	err := execute(ctx, args, c)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(c.stderr, err)
	if wrong := (*config.Error)(nil); errors.Is(err, errUsage) || errors.Is(err, errNoSample) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func execute(ctx context.Context, args []string, c console) error {
	if len(args) == 0 {
		return errUsage
	}
	switch args[0] {
	case "send":
		return send(ctx, args[1:], c)
	case "invoke":
		return invoke(ctx, args[1:], c)
	case "urls":
		return checkURLs(args[1:], c)
	case "sam":
		return sam(ctx, args[1:], c)
	}
	return errUsage
}

// vectorNamed returns one sample.
func vectorNamed(name string) (sample.Vector, error) {
	var names []string
	for _, vector := range sample.Vectors() {
		if vector.Name == name {
			return vector, nil
		}
		names = append(names, vector.Name)
	}
	return sample.Vector{}, fmt.Errorf("%w: %q; there are %s", errNoSample, name, strings.Join(names, ", "))
}
