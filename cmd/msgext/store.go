package main

import (
	"context"
	"errors"
	"time"

	"msgext/internal/awssdk/awschain"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
	"msgext/pkg/state/sqlitestate"
)

// storeTimeout bounds a verb about one message. Nobody waits longer for it.
const storeTimeout = 30 * time.Second

// storeVariables is the last line of the help text of verbs that open a store.
const storeVariables = "\nMSGEXT_STATE names the store, MSGEXT_SDK_APP_ID the app."

// withStore opens the store that the variables name, calls use, and closes it. It makes no store,
// because with one made for a mistyped path every message would seem to be missing.
func (c console) withStore(ctx context.Context, use func(store state.Store, app string) error) (err error) {
	drivers := driver.Drivers{Stores: existingStores()}
	cfg, connections, err := drivers.LoadAndOpen(ctx, c.environ, config.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	return use(connections.Store, cfg.SDKAppID)
}

// stores returns the drivers of all stores.
func stores() []state.Driver { return allstores.List(awschain.New()) }

// existingStores returns them for verbs that make no store where there is none.
func existingStores() []state.Driver {
	return append([]state.Driver{sqlitestate.Existing()}, stores()...)
}

// withMessage does the same for the message that the arguments name, within storeTimeout. Its error
// says so if the store has a one-to-one message with its accounts exchanged.
func (c console) withMessage(ctx context.Context, args []string, use func(context.Context, state.Store, msgext.Message) error) error {
	if _, err := parseMessage("0", args); err != nil { // before anything is opened
		return err
	}
	return c.withStore(ctx, func(store state.Store, app string) error {
		message, err := parseMessage(app, args)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		err = use(ctx, store, message)
		if errors.Is(err, state.ErrNotFound) || errors.Is(err, reader.ErrNotFound) {
			err = state.HintExchanged(ctx, store, message, err)
		}
		return err
	})
}

// eachPage is how many messages are read from the store at once.
const eachPage = 200

// each calls do with every message of an app that the store holds.
func each(ctx context.Context, store state.Store, app string, do func(state.Head) error) error {
	for after := state.Cursor(""); ; {
		page, err := store.Each(ctx, after, eachPage)
		if err != nil {
			return err
		}
		for _, head := range page.Heads {
			if head.Message.SDKAppID != app {
				continue
			}
			if err := do(head); err != nil {
				return err
			}
		}
		if !page.More {
			return nil
		}
		after = page.Next
	}
}
