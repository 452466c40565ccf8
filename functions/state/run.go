package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"msgext/functions/internal/allwire"
	"msgext/functions/internal/wire"
	"msgext/internal/config"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = wire.ExitConfiguration
)

// timeout bounds a call: nobody waits longer at a prompt.
const timeout = 30 * time.Second

const usage = `usage: state read|forget GROUP_ID MSG_SEQ
       state read|forget FROM_ACCOUNT TO_ACCOUNT MSG_KEY
MSGEXT_STATE names the store, MSGEXT_SDK_APP_ID the app`

var errUsage = errors.New(usage)

func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	err := execute(ctx, args, environ, stdout)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, err)
	if wrong := (*config.Error)(nil); errors.Is(err, errUsage) || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

func execute(ctx context.Context, args, environ []string, stdout io.Writer) (err error) {
	if len(args) < 1 || args[0] != "read" && args[0] != "forget" {
		return errUsage
	}
	drivers := allwire.Drivers(stdout)
	cfg, err := config.FromEnviron(environ, config.Local, drivers.Linked())
	if err != nil {
		return err
	}
	message, err := named(cfg.SDKAppID, args[1:])
	if err != nil {
		return err
	}
	cfg.Sinks = nil
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if args[0] == "forget" {
		return connections.Store.Forget(ctx, message)
	}
	return read(ctx, connections.Store, message, stdout)
}

// read prints the message as Chat's own read would answer it.
func read(ctx context.Context, store state.Store, message msgext.Message, stdout io.Writer) error {
	record, err := store.Load(ctx, message)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(record.State.Reply())
}

func named(sdkAppID string, parts []string) (msgext.Message, error) {
	if sdkAppID == "" {
		return msgext.Message{}, errUsage
	}
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
