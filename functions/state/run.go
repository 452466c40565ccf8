package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"msgext/functions/internal/awssdk"
	"msgext/functions/internal/driver"
	"msgext/functions/internal/driver/allstores"
	"msgext/functions/internal/entry"
	"msgext/internal/config"
	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = entry.ExitConfiguration
)

// timeout bounds a call: nobody waits longer at a prompt.
const timeout = 30 * time.Second

const usage = `usage: state read|forget GROUP_ID MSG_SEQ
       state read|forget FROM_ACCOUNT TO_ACCOUNT MSG_KEY
       state list [-group GROUP_ID]
read takes -tally values|poll before the message, to count instead of listing.
MSGEXT_STATE names the store, MSGEXT_SDK_APP_ID the app`

var errUsage = errors.New(usage)

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	err := execute(ctx, args, environ, stdout, stderr)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, err)
	if wrong := (*config.Error)(nil); errors.Is(err, errUsage) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func execute(ctx context.Context, args, environ []string, stdout, stderr io.Writer) (err error) {
	if len(args) < 1 || args[0] != "read" && args[0] != "forget" && args[0] != "list" {
		return errUsage
	}
	drivers := driver.Drivers{Stores: append([]state.Driver{sqlitestate.Existing()}, allstores.List(new(awssdk.SDK))...)}
	cfg, err := drivers.Load(environ, config.State)
	if err != nil {
		return err
	}
	if args[0] == "list" {
		return listAll(ctx, drivers, cfg, args[1:], stdout)
	}
	tally, names, err := counted(args[0], args[1:])
	if err != nil {
		return err
	}
	message, err := named(cfg.SDKAppID, names)
	if err != nil {
		return err
	}
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if args[0] == "forget" {
		if err := connections.Store.Forget(ctx, message); err != nil {
			return err
		}
		_, err := fmt.Fprintln(stdout, "forgotten")
		return err
	}
	return read(ctx, connections.Store, message, tally, stdout, stderr)
}

// listAll prints the messages that the store holds. It may take its time.
func listAll(ctx context.Context, drivers driver.Drivers, cfg config.Config, args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("list", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	group := flags.String("group", "", "")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return errUsage
	}
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	return list(ctx, connections.Store, cfg.SDKAppID, *group, stdout)
}

// read prints what the read function answers, and what that says in its header to stderr.
func read(ctx context.Context, store state.Loader, message msgext.Message, tally reader.Tally, stdout, stderr io.Writer) error {
	answer, err := reader.Read(ctx, store, message, tally)
	if err != nil {
		return err
	}
	if answer.Gap {
		fmt.Fprintln(stderr, "gap: something is known to be missing, doubted or ahead of Chat")
	}
	if answer.Gone {
		fmt.Fprintln(stderr, "gone: Chat has this message no more")
	}
	_, err = fmt.Fprintf(stdout, "%s\n", answer.Body)
	return err
}

// counted takes the flag that read has off its arguments.
func counted(verb string, args []string) (reader.Tally, []string, error) {
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var tally string
	if verb == "read" {
		flags.StringVar(&tally, "tally", "", "")
	}
	if flags.Parse(args) != nil {
		return "", nil, errUsage
	}
	switch tally := reader.Tally(tally); tally {
	case "", reader.Values, reader.Poll:
		return tally, flags.Args(), nil
	}
	return "", nil, errUsage
}

func named(sdkAppID string, parts []string) (msgext.Message, error) {
	switch len(parts) {
	case 2:
		seq, err := strconv.ParseInt(parts[1], 10, 64)
		if err != nil || seq < 0 || parts[0] == "" {
			return msgext.Message{}, errUsage
		}
		return msgext.Message{SDKAppID: sdkAppID, GroupID: parts[0], MsgSeq: seq}, nil
	case 3:
		return msgext.Message{SDKAppID: sdkAppID, From: parts[0], To: parts[1], MsgKey: parts[2]}, nil
	}
	return msgext.Message{}, errUsage
}
