package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"msgext/internal/awssdk"
	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/driver/allstores"
	"msgext/internal/driver/awssinks"
	"msgext/internal/repairwire"
	"msgext/pkg/repair"
)

func replayVerb(c console) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "replay {" + messageUse + " | -}",
		Short: "Read messages from Chat and tell the store and every sink",
		Long: `Reads messages from Chat and tells the store and every sink, whatever became of their webhooks. With - it takes lines from
standard input, 20 messages a second: the webhook function's log lines, of which it takes those of deferred webhooks and of
announcements that were not taken; or messages as the REST API names them. The variables are those of the repair function.`,
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
					return replayLines(ctx, repairer, lineReader{app: app}, asJSON, c)
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
				return repairer.Replay(ctx, message)
			})
		},
	}
	jsonFlag(command, &asJSON)
	return command
}

// withRepairer opens what the repair function's variables name, calls use and closes it.
func (c console) withRepairer(ctx context.Context, use func(repairer *repair.Repairer, app string) error) (err error) {
	sdk := new(awssdk.SDK)
	drivers := driver.Drivers{Stores: allstores.List(sdk), Sinks: awssinks.List(sdk, c.stdout), Checks: []config.Check{repairwire.CheckChat}}
	cfg, err := drivers.Load(c.environ, config.Repair)
	if err != nil {
		return err
	}
	connections, err := drivers.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connections.Close()) }()
	repairer, err := repairwire.Repairer(cfg, connections, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	return use(repairer, cfg.SDKAppID)
}
