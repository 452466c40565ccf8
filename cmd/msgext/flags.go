package main

import "github.com/spf13/cobra"

// jsonFlag adds the flag of verbs whose outcome a program may want to read.
func jsonFlag(command *cobra.Command, asJSON *bool) {
	command.Flags().BoolVar(asJSON, "json", false, "print the outcome as JSON")
}

// fixed has a shell complete a flag's values.
func fixed(command *cobra.Command, flag string, values ...string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := command.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // there is no such flag
	}
}
