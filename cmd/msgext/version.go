package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"msgext/internal/version"
)

func versionVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print which build this is",
		Example: "  msgext version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.stdout, version.Text())
			return err
		},
	}
}
