package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"msgext/internal/config"
	"msgext/internal/version"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1 // not found, not as expected, refused, or impossible
	exitUsage  = 2 // the command line or the configuration is wrong
)

// errUsage is the error of a command line that is wrong.
var errUsage = errors.New("wrong command line")

// verbs returns the verbs of the tool, in the order of its help. A new verb needs a file and a line
// here.
func verbs(c console) []*cobra.Command {
	return []*cobra.Command{
		readVerb(c),
		listVerb(c),
		stuckVerb(c),
		forgetVerb(c),
		replayVerb(c),
		backfillVerb(c),
		verifyVerb(c),
		sourcesVerb(c),
		sendVerb(c),
		invokeVerb(c),
		samVerb(c),
		urlsVerb(c),
		eventVerb(c),
		schemaVerb(c),
		versionVerb(c),
	}
}

// run runs a command line and returns the exit status.
func run(ctx context.Context, args []string, c console) int {
	began := false
	root := &cobra.Command{
		Use:   "msgext",
		Short: "The operator's tool of msgext",
		Long: `The operator's tool of msgext. Its MSGEXT_ variables are those of the functions
(docs/configuration.md). Exit status: 0, 1 (not found, not as expected, refused, failed), 2 (command
line, configuration).`,
		Version:           version.Text(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRun:  func(*cobra.Command, []string) { began = true },
		RunE:              func(*cobra.Command, []string) error { return fmt.Errorf("%w: a verb is missing", errUsage) },
		CompletionOptions: cobra.CompletionOptions{DisableNoDescFlag: true},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(verbs(c)...)
	root.SetArgs(append([]string{}, args...)) // for nil, cobra takes those of the process
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(c.stderr, err)
	if !began || errors.Is(err, errUsage) {
		fmt.Fprintf(c.stderr, "usage: %s\nmore: %s -h\n", command.UseLine(), command.CommandPath())
		return exitUsage
	}
	if wrong := (*config.Error)(nil); errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}
