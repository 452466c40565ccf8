package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

func forgetVerb(c console) *cobra.Command {
	var key string
	command := &cobra.Command{
		Use:   "forget {" + messageUse + " | --key KEY}",
		Short: "Erase a message from the store, or every message that has a key",
		Long: `Erases everything that the store holds of a message, because user ids are personal data. With --key
it reads the whole store and erases each message that has or had that key; in most polls keys are
user ids. It prints the erased messages, so that replay can bring back what Chat still has of them.
Delete the key in Chat first. Sinks keep the events that they got.` + storeVariables,
		Example: `  MSGEXT_STATE=redis://127.0.0.1 MSGEXT_SDK_APP_ID=1400000000 msgext forget '@TGS#1YMVAB3IZ' 158
  MSGEXT_STATE=redis://127.0.0.1 MSGEXT_SDK_APP_ID=1400000000 msgext forget --key alice >erased
  … msgext replay - <erased    with the variables of the repair function`,
		Args: func(command *cobra.Command, args []string) error {
			if command.Flags().Changed("key") {
				return cobra.NoArgs(command, args)
			}
			return cobra.RangeArgs(2, 3)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if command.Flags().Changed("key") {
				return forgetKey(command.Context(), key, c)
			}
			return c.withMessage(command.Context(), args, func(ctx context.Context, store state.Store, message msgext.Message) error {
				if err := store.Forget(ctx, message); err != nil {
					return err
				}
				_, err := fmt.Fprintln(c.stdout, "forgotten")
				return err
			})
		},
	}
	command.Flags().StringVar(&key, "key", "", "erase every message that has this key")
	return command
}

// forgotten counts the messages, and those that were erased.
type forgotten struct{ messages, forgotten int }

func (f *forgotten) String() string {
	return fmt.Sprintf("forget: %d messages, %d forgotten", f.messages, f.forgotten)
}

// forgetKey erases every message of the app that has a key in the store. Its error is
// state.ErrNotFound where none has it.
func forgetKey(ctx context.Context, key string, c console) error {
	if key == "" {
		return fmt.Errorf("%w: --key is empty", errUsage)
	}
	var counts forgotten
	p := newProgress(c.stderr)
	err := c.withStore(ctx, func(store state.Store, app string) error {
		defer p.end(&counts)
		return each(ctx, store, app, func(head state.Head) error {
			counts.messages++
			p.show(&counts)
			erased, err := forgetIfHas(ctx, store, head.Message, key)
			if err != nil || !erased {
				return err
			}
			counts.forgotten++
			return c.printJSON(head.Message.Address())
		})
	})
	if err == nil && counts.forgotten == 0 {
		return state.ErrNotFound
	}
	return err
}

// forgetIfHas erases a message if it has the key in the store, and reports whether it did. Another
// process may erase it at the same time.
func forgetIfHas(ctx context.Context, store state.Store, message msgext.Message, key string) (bool, error) {
	record, err := store.Load(ctx, message)
	if err == nil && !has(record.State, key) {
		return false, nil
	}
	if err == nil {
		err = store.Forget(ctx, message)
	}
	if errors.Is(err, state.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// has reports whether a state holds anything of a key.
func has(s msgext.State, key string) bool {
	if _, found := s.Entries[key]; found {
		return true
	}
	is := func(kv msgext.KeyValue) bool { return kv.Key == key }
	return s.Base != nil && (slices.ContainsFunc(s.Base.KeyValues, is) || slices.ContainsFunc(s.Base.Newer, is))
}
