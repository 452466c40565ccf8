package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

func backfillVerb(c console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "backfill",
		Short: "Read messages that may be unknown or have no extensions",
		Long: `Takes lines from standard input as replay - does, or GROUP_ID MSG_SEQ, of messages that may be unknown here or have no
extensions. What has none leaves no record and is told to nobody. The variables are those of the repair function.`,
		Example: `  echo '@TGS#1YMVAB3IZ 158' | msgext backfill`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.withRepairer(command.Context(), func(repairer *repair.Repairer, app string) error {
				return replayLines(command.Context(), repairer, lineReader{app: app, backfill: true}, asJSON, c)
			})
		},
	}
	jsonFlag(command, &asJSON)
	return command
}

// errWithout is the error of a message that has no extensions, which is no failure.
var errWithout = errors.New("backfill: no extensions")

// backfill reads a message that may be unknown here or have no extensions.
func backfill(ctx context.Context, repairer *repair.Repairer, message msgext.Message) error {
	found, err := repairer.Backfill(ctx, message)
	if err == nil && !found {
		return errWithout
	}
	return err
}
