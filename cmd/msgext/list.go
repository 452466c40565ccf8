package main

import (
	"github.com/spf13/cobra"

	"msgext/pkg/state"
)

func listVerb(c console) *cobra.Command {
	var group string
	command := &cobra.Command{
		Use:   "list [--group GROUP_ID]",
		Short: "List the messages that the store holds",
		Long: `Prints the messages of an app that the store holds, as the REST API names them, one a line, in no
order. The output is a possible input of msgext replay -.` + storeVariables,
		Example: `  MSGEXT_STATE=redis://127.0.0.1 MSGEXT_SDK_APP_ID=1400000000 msgext list --group '@TGS#1YMVAB3IZ'`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.withStore(command.Context(), func(store state.Store, app string) error {
				return each(command.Context(), store, app, func(head state.Head) error {
					if group != "" && head.Message.GroupID != group {
						return nil
					}
					return c.printJSON(head.Message.Address())
				})
			})
		},
	}
	command.Flags().StringVar(&group, "group", "", "only those of one group")
	return command
}
