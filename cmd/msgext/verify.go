package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"msgext/internal/backfill"
	"msgext/internal/config"
	"msgext/pkg/msgext"
	"msgext/pkg/repair"
)

// errDrift says that the store differs from Chat.
var errDrift = errors.New("verify: not everything is as Chat has it")

// verifying is the parsed command line of verify.
type verifying struct {
	sample                 int
	repair, values, asJSON bool
}

// drifted is a message that differs from Chat, or for which that is not certain.
type drifted struct {
	msgext.Address

	Comparison  string       `json:"comparison"` // differs, gone or undecided
	Version     int64        `json:"version"`
	ChatVersion int64        `json:"chat_version"`
	Keys        []driftedKey `json:"keys,omitempty"`
	Exchanged   bool         `json:"exchanged,omitempty"`
}

// driftedKey is a key with its version here and in Chat. The version is 0 where the key is absent.
// Values are included only on request.
type driftedKey struct {
	Key         string  `json:"key"`
	Version     int64   `json:"version"`
	ChatVersion int64   `json:"chat_version"`
	Value       *string `json:"value,omitempty"`
	ChatValue   *string `json:"chat_value,omitempty"`
}

func verifyVerb(c console) *cobra.Command {
	var v verifying
	command := &cobra.Command{
		Use:   "verify [--sample N | " + messageUse + " | -]",
		Short: "Compare messages with Chat",
		Long: `Compares messages of the store with Chat: all, one, those that lines of standard input name, or a
sample that begins at a random place. A message that is not equal is printed as JSON, one a line: it
differs, it is gone in Chat, or it is undecided, because repair must read it first. A message
differs only if nothing about it is under way and a second read, MSGEXT_REPAIR_GRACE later, gives
the same result. exchanged says that Chat has the one-to-one message with its two accounts
exchanged; backfill takes it by that name. Exit status 1 says that a message differs or could not be
compared. The variables are those of the repair function.`,
		Example: `  msgext verify --repair
  msgext verify --sample 1000
  msgext verify --values '@TGS#1YMVAB3IZ' 158`,
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) == 1 && args[0] == "-" {
				return nil
			}
			return cobra.RangeArgs(2, 3)(command, args)
		},
		RunE: func(command *cobra.Command, args []string) error {
			if err := v.check(command, args); err != nil { // before anything is opened
				return err
			}
			return c.withChat(command.Context(), config.Repair, existingStores(), func(with connected) error {
				return v.run(command.Context(), with, args, c)
			})
		},
	}
	flags := command.Flags()
	flags.BoolVar(&v.repair, "repair", false, "make the next run of repair read back messages that differ")
	flags.BoolVar(&v.values, "values", false, "print the values, too")
	flags.IntVar(&v.sample, "sample", 0, "how many messages to compare, from a random place in the store on")
	jsonFlag(command, &v.asJSON)
	return command
}

func (v *verifying) check(command *cobra.Command, args []string) error {
	if command.Flags().Changed("sample") && (v.sample < 1 || len(args) > 0) {
		return fmt.Errorf("%w: --sample is a number of messages above 0, and goes without any that are named", errUsage)
	}
	if len(args) > 1 {
		_, err := parseMessage("0", args)
		return err
	}
	return nil
}

// messages returns the messages to compare.
func (v *verifying) messages(ctx context.Context, with connected, args []string, heard *heard, c console) (iter.Seq2[msgext.Message, error], error) {
	switch {
	case v.sample > 0:
		return with.repairer.Sample(ctx, v.sample, rand.Uint64()), nil
	case len(args) == 0:
		return with.repairer.Messages(ctx), nil
	case len(args) == 1:
		reader := lineReader{app: with.cfg.SDKAppID, pairs: true, heard: heard}
		return backfill.NewLines(ctx, c.stdin, 0, reader.messages).Messages(ctx), nil
	}
	message, err := parseMessage(with.cfg.SDKAppID, args)
	return func(yield func(msgext.Message, error) bool) { yield(message, nil) }, err
}

func (v *verifying) run(ctx context.Context, with connected, args []string, c console) error {
	heard := new(heard)
	messages, err := v.messages(ctx, with, args, heard, c)
	if err != nil {
		return err
	}
	p := newProgress(c.stderr)
	var printed error
	verified, err := with.repairer.Verify(ctx, messages, repair.VerifyOptions{
		Repair: v.repair,
		Told: func(verdict repair.Verdict) {
			if verdict.Comparison != repair.Equal {
				printed = errors.Join(printed, c.printJSON(v.shown(verdict)))
			}
		},
		Failed:   func(message msgext.Message, err error) { p.failed(message, err) },
		Progress: func(verified repair.Verified) { p.show(verified) },
	})
	p.end(verified)
	if v.asJSON {
		err = errors.Join(err, c.printJSON(verified))
	}
	if err = errors.Join(err, printed); err == nil && !verified.OK() {
		return errDrift
	}
	return errors.Join(err, heard.check())
}

func (v *verifying) shown(verdict repair.Verdict) drifted {
	d := drifted{
		Address: verdict.Message.Address(), Comparison: verdict.Comparison.String(), Version: verdict.Latest, ChatVersion: verdict.ChatLatest,
		Exchanged: verdict.Exchanged,
	}
	for _, difference := range verdict.Differences {
		key := driftedKey{Key: difference.Key}
		key.Version, key.Value = v.side(difference.Here)
		key.ChatVersion, key.ChatValue = v.side(difference.Chat)
		d.Keys = append(d.Keys, key)
	}
	return d
}

func (v *verifying) side(kv *msgext.KeyValue) (version int64, value *string) {
	if kv == nil {
		return 0, nil
	}
	if v.values {
		value = &kv.Value
	}
	return kv.Seq, value
}
