package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"msgext/internal/backfill"
	"msgext/internal/config"
	"msgext/pkg/chatapi"
	"msgext/pkg/msgext"
)

const maxPerSecond = 100

var (
	errNotBackfilled = errors.New("backfill: some messages could not be read")
	errInterrupted   = errors.New("backfill: interrupted")
)

// backfilling is the parsed command line of backfill.
type backfilling struct {
	skip   int
	group  string
	upTo   int64
	from   string
	to     string
	since  string
	until  string
	before string

	all        bool
	containing []string

	perSecond float64
	asJSON    bool
}

func backfillVerb(c console) *cobra.Command {
	var b backfilling
	command := &cobra.Command{
		Use:   "backfill [--group GROUP_ID | --from ACCOUNT --to ACCOUNT --since TIME]",
		Short: "Read messages that may be unknown, by name or from history",
		Long: `Reads messages from Chat that may be unknown here, and tells the store and every sink. For a message
without extensions nothing is stored and nothing is told. Lines of standard input name the messages,
as GROUP_ID MSG_SEQ or in a form that replay accepts. Or they come from the history of a group or of
two accounts, as far back as Chat keeps it. Of a history it reads the messages that would be
announced (by MSGEXT_ANNOUNCE, or because Chat says that they support extensions), those that
contain a text, or all. A message that fails is printed as a line that standard input takes. When it
is interrupted it finishes the messages under way and prints how to continue. The variables are
those of the repair function.`,
		Example: `  msgext backfill --group '@TGS#1YMVAB3IZ' --containing group_poll
  msgext backfill --from alice --to bob --since 2026-11-01 --all
  echo '@TGS#1YMVAB3IZ 158' | msgext backfill`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := b.check(time.Now()); err != nil { // before anything is opened
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			return c.withChat(command.Context(), config.Backfill, stores(), func(with connected) error { return b.run(command.Context(), with, c) })
		},
	}
	flags := command.Flags()
	flags.StringVar(&b.group, "group", "", "walk over the history of a group, the newest message first")
	flags.Int64Var(&b.upTo, "up-to", 0, "with --group: begin with this MsgSeq")
	flags.StringVar(&b.from, "from", "", "walk over the messages of two accounts, as this one sees them")
	flags.StringVar(&b.to, "to", "", "with --from: the other account")
	flags.StringVar(&b.since, "since", "", "with --from: 2026-11-01, 2026-11-01T12:00:00Z, or how long ago: 36h")
	flags.StringVar(&b.until, "until", "", "with --from: likewise; now without it")
	flags.StringVar(&b.before, "before", "", "with --from: begin behind this MsgKey")
	flags.StringArrayVar(&b.containing, "containing", nil, "with a history: only messages with this text; may be repeated")
	flags.BoolVar(&b.all, "all", false, "with a history: read every message")
	flags.IntVar(&b.skip, "skip", 0, "how many lines of standard input to pass over")
	flags.Float64Var(&b.perSecond, "rate", backfill.DefaultPerSecond, fmt.Sprintf("how many messages to read in a second, up to %d", maxPerSecond))
	jsonFlag(command, &b.asJSON)
	return command
}

// check says what is wrong with the command line.
func (b *backfilling) check(now time.Time) error {
	history := b.group != "" || b.from != ""
	pair := b.from != "" || b.to != "" || b.since != ""
	switch {
	case b.perSecond <= 0 || b.perSecond > maxPerSecond:
		return fmt.Errorf("--rate is above 0 and at most %d", maxPerSecond)
	case b.group != "" && pair:
		return errors.New("--group and --from are two histories")
	case pair && (b.from == "" || b.to == "" || b.since == ""):
		return errors.New("--from, --to and --since go together")
	case b.upTo != 0 && b.group == "" || b.upTo < 0:
		return errors.New("--up-to is a MsgSeq, and goes with --group")
	case !pair && (b.until != "" || b.before != ""):
		return errors.New("--until and --before go with --from")
	case history && b.skip != 0 || b.skip < 0:
		return errors.New("--skip is a number of lines of standard input")
	case !history && (b.all || len(b.containing) > 0):
		return errors.New("--containing and --all go with a history")
	case b.all && len(b.containing) > 0:
		return errors.New("--containing and --all contradict each other")
	}
	if pair {
		_, err := b.span(now)
		return err
	}
	return nil
}

// span returns the history of the two accounts that the command line names.
func (b *backfilling) span(now time.Time) (chatapi.Span, error) {
	since, err := parseTime(b.since, now)
	if err != nil {
		return chatapi.Span{}, fmt.Errorf("--since: %w", err)
	}
	until := now
	if b.until != "" {
		if until, err = parseTime(b.until, now); err != nil {
			return chatapi.Span{}, fmt.Errorf("--until: %w", err)
		}
	}
	if until.Before(since) {
		return chatapi.Span{}, errors.New("--until lies before --since")
	}
	return chatapi.Span{Account: b.from, Peer: b.to, Since: since, Until: until, Before: b.before}, nil
}

// parseTime parses a time, a day, or a duration before now.
func parseTime(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, errors.New("neither a day such as 2026-11-01, nor a moment such as 2026-11-01T12:00:00Z, nor how long ago, such as 36h")
	}
	return now.Add(-ago), nil
}

// source returns the source of the messages.
func (b *backfilling) source(ctx context.Context, with connected, heard *heard, c console) (backfill.Source, error) {
	if b.group == "" && b.from == "" {
		reader := lineReader{app: with.cfg.SDKAppID, pairs: true, heard: heard}
		return backfill.NewLines(ctx, c.stdin, b.skip, reader.messages), nil
	}
	filter := backfill.Filter(backfill.All)
	if !b.all {
		texts := b.containing
		if len(texts) == 0 {
			texts = with.cfg.Announce
		}
		if len(texts) == 0 {
			return nil, fmt.Errorf("%w: which messages? --containing TEXT, --all, or MSGEXT_ANNOUNCE", errUsage)
		}
		filter = backfill.Expecting(texts...)
	}
	if b.group != "" {
		return &backfill.Group{Chat: with.chat, Group: b.group, Filter: filter, UpTo: b.upTo}, nil
	}
	span, err := b.span(time.Now())
	// In UTC, because a later run may have another now and another time zone.
	b.since, b.until = span.Since.UTC().Format(time.RFC3339), span.Until.UTC().Format(time.RFC3339)
	return &backfill.C2C{Chat: with.chat, Span: span, Filter: filter}, err
}

func (b *backfilling) run(ctx context.Context, with connected, c console) error {
	heard := new(heard)
	source, err := b.source(ctx, with, heard, c)
	if err != nil {
		return err
	}
	p := newProgress(c.stderr)
	counts, err := backfill.Run(ctx, source, backfill.Options{
		Read: with.repairer.Backfill, PerSecond: b.perSecond, Wait: c.wait,
		Progress: func(counts backfill.Counts) { p.show(counts) },
		Failed:   func(message msgext.Message, err error) { p.failed(message, err) },
	})
	p.end(counts)
	if b.asJSON {
		err = errors.Join(err, c.printJSON(counts))
	}
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = errInterrupted
	case err == nil && counts.Failed > 0:
		return errNotBackfilled
	case err == nil:
		return heard.check()
	}
	if err != nil {
		return fmt.Errorf("%w; to go on: %s", err, b.again(counts))
	}
	return nil
}

// again returns the command line that continues behind what is done.
func (b *backfilling) again(counts backfill.Counts) string {
	line := []string{"msgext", "backfill"}
	add := func(flag, value string) {
		if value != "" {
			line = append(line, flag, quoted(value))
		}
	}
	add("--group", b.group)
	add("--from", b.from)
	add("--to", b.to)
	add("--since", b.since)
	for _, text := range b.containing {
		add("--containing", text)
	}
	if b.all {
		line = append(line, "--all")
	}
	after := counts.After
	switch {
	case len(after) == 0 && b.upTo != 0:
		after = []string{"--up-to", fmt.Sprint(b.upTo)}
	case len(after) == 0:
		after = nil
		add("--until", b.until)
		add("--before", b.before)
	}
	if len(after) == 0 && b.skip != 0 {
		after = []string{"--skip", fmt.Sprint(b.skip)}
	}
	for i := 0; i+1 < len(after); i += 2 {
		add(after[i], after[i+1])
	}
	if b.perSecond != backfill.DefaultPerSecond {
		add("--rate", fmt.Sprint(b.perSecond))
	}
	return strings.Join(line, " ")
}

// quoted quotes a word for a shell.
func quoted(word string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/+@%,="
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
