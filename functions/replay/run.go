package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"

	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver"
	"msgext/functions/internal/driver/allstores"
	"msgext/functions/internal/driver/awssinks"
	"msgext/functions/internal/entry"
	"msgext/functions/internal/repairwire"
	"msgext/internal/config"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = entry.ExitConfiguration
)

const usage = `usage: replay GROUP_ID MSG_SEQ
       replay FROM_ACCOUNT TO_ACCOUNT MSG_KEY
       replay -        takes lines from standard input: log lines of deferred webhooks, or messages as the REST API names them
       replay -backfill    takes such lines, or GROUP_ID MSG_SEQ, of messages that may be unknown here or have no extensions:
                           what has none leaves no record and is told to nobody
The variables are those of the repair function`

var errUsage = errors.New(usage)

func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := execute(ctx, args, environ, stdin, stdout, stderr)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, err)
	if wrong := (*config.Error)(nil); errors.Is(err, errUsage) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func execute(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	backfilling := len(args) == 1 && args[0] == "-backfill"
	if backfilling {
		args = []string{"-"}
	}
	address, err := named(args)
	if err != nil {
		return err
	}
	sdk := new(awssdk.SDK)
	drivers := driver.Drivers{Stores: allstores.List(sdk), Sinks: awssinks.List(sdk, stdout), Checks: []config.Check{repairwire.CheckChat}}
	cfg, err := drivers.Load(environ, config.Repair)
	if err != nil {
		return err
	}
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	repairer, err := repairwire.Repairer(cfg, connections, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	if address == (msgext.Address{}) {
		return replayLines(ctx, repairer, cfg.SDKAppID, backfilling, stdin, stderr)
	}
	return replayOne(ctx, repairer, cfg.SDKAppID, address)
}

func replayOne(ctx context.Context, repairer *repair.Repairer, app string, address msgext.Address) error {
	message, err := address.Message(app)
	if err != nil {
		return errUsage
	}
	return repairer.Replay(ctx, message)
}

// named returns the message that the arguments name, the zero Address for standard input.
func named(args []string) (msgext.Address, error) {
	switch len(args) {
	case 1:
		if args[0] == "-" {
			return msgext.Address{}, nil
		}
	case 2:
		if seq, err := strconv.ParseInt(args[1], 10, 64); err == nil {
			return msgext.Address{GroupID: args[0], MsgSeq: &seq}, nil
		}
	case 3:
		return msgext.Address{From: args[0], To: args[1], MsgKey: args[2]}, nil
	}
	return msgext.Address{}, errUsage
}
