package main

import (
	"github.com/spf13/cobra"

	"msgext/pkg/repair"
)

func replayVerb(c console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "replay {" + messageUse + " | -}",
		Short: "Read messages from Chat and tell the store and every sink",
		Long: `Reads messages from Chat and tells the store and every sink, whatever became of their webhooks. With
- it reads lines from standard input, 20 messages a second: log lines of the webhook function, or
messages as the REST API names them. Of log lines it takes those of deferred webhooks, those with
effect lost, and those of announcements and recalls that the store did not accept. A message that
fails is printed as a line that it takes. The variables are those of the repair function.`,
		Example: `  msgext replay '@TGS#1YMVAB3IZ' 158
  msgext replay - <lines
  echo '{"GroupId":"@TGS#1YMVAB3IZ","MsgSeq":158}' | msgext replay -`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return nil
			}
			return cobra.RangeArgs(2, 3)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			ctx := command.Context()
			if args[0] == "-" {
				return c.withRepairer(ctx, func(repairer *repair.Repairer, app string) error {
					return replayLines(ctx, repairer, lineReader{app: app, heard: new(heard)}, asJSON, c)
				})
			}
			if _, err := parseMessage("0", args); err != nil { // before anything is opened
				return err
			}
			return c.withRepairer(ctx, func(repairer *repair.Repairer, app string) error {
				message, err := parseMessage(app, args)
				if err != nil {
					return err
				}
				return replayMessage(ctx, repairer, message, asJSON, c)
			})
		},
	}
	jsonFlag(command, &asJSON)
	return command
}
