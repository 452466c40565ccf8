package main

import "github.com/spf13/cobra"

// jsonFlag adds --json to verbs whose result a program may read.
func jsonFlag(command *cobra.Command, asJSON *bool) {
	command.Flags().BoolVar(asJSON, "json", false, "print the outcome as JSON")
}

// fixed gives a shell the values of a flag for completion.
func fixed(command *cobra.Command, flag string, values ...string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := command.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // cannot happen, because the flag exists
	}
}
