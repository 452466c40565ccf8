package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

// errStuck says that messages in the store are stuck.
var errStuck = errors.New("some messages are stuck: Chat refuses the read, and repair has given up until their next webhook")

// stuck is a message that somebody must look at.
type stuck struct {
	msgext.Address

	Standing string     `json:"standing"` // open or stuck
	Tries    int        `json:"tries"`
	Due      *time.Time `json:"due,omitzero"`
	Heard    *time.Time `json:"heard,omitzero"`
}

func stuckVerb(c console) *cobra.Command {
	var open bool
	command := &cobra.Command{
		Use:   "stuck [--open]",
		Short: "List the messages that repair has given up, or has not yet repaired",
		Long: `Prints the messages that repair has given up, each as JSON on a line; with --open also those whose
newest check failed. Exit status 1 says that some are stuck. It reads the whole store.` + storeVariables,
		Example: `  MSGEXT_STATE=redis://127.0.0.1 MSGEXT_SDK_APP_ID=1400000000 msgext stuck
  … msgext stuck | msgext replay -    once the cause is mended`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			found := false
			err := c.withStore(command.Context(), func(store state.Store, app string) error {
				return each(command.Context(), store, app, func(head state.Head) error {
					standing := head.Check.Standing()
					if standing == state.Settled || standing == state.Open && !open {
						return nil
					}
					found = found || standing == state.Stuck
					return c.printJSON(stuckOf(head))
				})
			})
			if err == nil && found {
				return errStuck
			}
			return err
		},
	}
	command.Flags().BoolVar(&open, "open", false, "also those that repair has not yet repaired")
	return command
}

func stuckOf(head state.Head) stuck {
	s := stuck{Address: head.Message.Address(), Standing: "open", Tries: head.Check.Tries, Due: moment(head.Check.Due), Heard: moment(head.Check.Heard)}
	if head.Check.Standing() == state.Stuck {
		s.Standing = "stuck"
	}
	return s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
