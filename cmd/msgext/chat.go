package main

import (
	"context"
	"errors"
	"log/slog"

	"msgext/internal/awssdk/awschain"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/awssinks"
	"msgext/internal/repairwire"
	"msgext/pkg/chatapi"
	"msgext/pkg/repair"
	"msgext/pkg/state"
)

// connected holds what verbs need that read messages from Chat.
type connected struct {
	cfg      config.Config
	repairer *repair.Repairer
	chat     *chatapi.Client
}

// withRepairer opens what the repair function's variables name, calls use, and closes it.
func (c console) withRepairer(ctx context.Context, use func(repairer *repair.Repairer, app string) error) error {
	return c.withChat(ctx, config.Repair, stores(), func(with connected) error { return use(with.repairer, with.cfg.SDKAppID) })
}

// withChat does the same with the variables of any function and any drivers of stores.
func (c console) withChat(ctx context.Context, function config.Function, stores []state.Driver, use func(connected) error) (err error) {
	load := awschain.New()
	drivers := driver.Drivers{Stores: stores, Sinks: awssinks.List(load, c.stdout), Checks: []config.Check{repairwire.CheckChat}}
	cfg, connections, err := drivers.LoadAndOpen(ctx, c.environ, function)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	options, err := repairwire.Options(cfg, connections, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	return use(connected{cfg, repair.New(options), options.Chat})
}
