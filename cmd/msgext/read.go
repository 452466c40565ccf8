package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"msgext/pkg/msgext"
	"msgext/pkg/reader"
	"msgext/pkg/state"
)

func readVerb(c console) *cobra.Command {
	var tally string
	command := &cobra.Command{
		Use:   "read [--tally values|poll] " + messageUse,
		Short: "Print a message's key-values, or count them",
		Long: `Prints a message's key-values as the read function answers them, or their counts, as JSON. On
standard error it says when a version is known to be missing, and when Chat no longer has the
message.` + storeVariables,
		Example: `  MSGEXT_STATE=redis://127.0.0.1 MSGEXT_SDK_APP_ID=1400000000 msgext read '@TGS#1YMVAB3IZ' 158`,
		Args:    cobra.RangeArgs(2, 3),
		RunE: func(command *cobra.Command, args []string) error {
			switch reader.Tally(tally) {
			case "", reader.Values, reader.Poll:
			default:
				return fmt.Errorf("%w: --tally is values or poll", errUsage)
			}
			return c.withMessage(command.Context(), args, func(ctx context.Context, store state.Store, message msgext.Message) error {
				return read(ctx, store, message, reader.Tally(tally), c)
			})
		},
	}
	command.Flags().StringVar(&tally, "tally", "", "count the values, or the votes of a poll")
	fixed(command, "tally", string(reader.Values), string(reader.Poll))
	return command
}

// read prints the answer of the read function. What the answer says in its header goes to standard
// error.
func read(ctx context.Context, store state.Loader, message msgext.Message, tally reader.Tally, c console) error {
	answer, err := reader.Read(ctx, store, message, tally)
	if err != nil {
		return err
	}
	if answer.Gap {
		fmt.Fprintln(c.stderr, "gap: something is known to be missing, doubted or ahead of Chat")
	}
	if answer.Gone {
		fmt.Fprintln(c.stderr, "gone: Chat has this message no more")
	}
	_, err = fmt.Fprintf(c.stdout, "%s\n", answer.Body)
	return err
}
