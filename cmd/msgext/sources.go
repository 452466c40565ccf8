package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"msgext/internal/config"
	"msgext/internal/driver"
	"msgext/internal/repairwire"
	"msgext/pkg/chatapi"
)

var (
	errNoSources = errors.New("sources: Chat lists no addresses; outside of the Chinese mainland its vendor may have to enable the list for the app (trtc.io/document/36742)")
	errLacks     = errors.New("sources: MSGEXT_ALLOW_FROM lacks some of the addresses that Chat's webhooks come from")
)

func sourcesVerb(c console) *cobra.Command {
	var check, china, elsewhere bool
	command := &cobra.Command{
		Use:   "sources [--check] [--china | --elsewhere]",
		Short: "Print where Chat's webhooks come from",
		Long: `Prints the addresses that Chat's webhooks come from, one a line, for MSGEXT_ALLOW_FROM. With --check
it prints those that MSGEXT_ALLOW_FROM lacks, and exits with status 1 if there are any. Chat has one
list for receivers in China, Hong Kong included, and one for receivers elsewhere; without a flag
MSGEXT_CHAT_ENDPOINT decides. It needs MSGEXT_SDK_APP_ID and MSGEXT_CHAT_….`,
		Example: `  MSGEXT_ALLOW_FROM="$(msgext sources | tr '\n' ' ')"
  msgext sources --check`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if china && elsewhere {
				return fmt.Errorf("%w: --china and --elsewhere contradict each other", errUsage)
			}
			cfg, err := driver.Drivers{Checks: []config.Check{repairwire.CheckChat}}.Load(c.environ, config.Sources)
			if err != nil {
				return err
			}
			place := chatapi.Elsewhere
			if china || cfg.Chat.Endpoint == "china" && !elsewhere {
				place = chatapi.InChina
			}
			return c.sources(command.Context(), cfg, place, check)
		},
	}
	flags := command.Flags()
	flags.BoolVar(&check, "check", false, "print what MSGEXT_ALLOW_FROM lacks")
	flags.BoolVar(&china, "china", false, "webhooks are received in China, Hong Kong included")
	flags.BoolVar(&elsewhere, "elsewhere", false, "webhooks are received elsewhere")
	return command
}

func (c console) sources(ctx context.Context, cfg config.Config, place chatapi.Place, check bool) error {
	chat, err := chatapi.New(chatapi.Options{Endpoint: cfg.Chat.Endpoint, SDKAppID: cfg.SDKAppID, Admin: cfg.Chat.Admin, SecretKey: cfg.Chat.SecretKey})
	if err != nil {
		return err
	}
	list, err := chat.Addresses(ctx, place)
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return errNoSources
	}
	if check {
		list = lacking(cfg.AllowFrom, list)
	}
	for _, address := range list {
		if _, err := fmt.Fprintln(c.stdout, address); err != nil {
			return err
		}
	}
	switch {
	case check && len(list) > 0:
		return errLacks
	case !check:
		fmt.Fprintf(c.stderr, "%d addresses and networks, %d bytes in MSGEXT_ALLOW_FROM; the environment of an SCF function has 4096 in all\n",
			len(list), len(strings.Join(list, " ")))
	}
	return nil
}

// lacking returns the addresses and networks that no allowed network contains.
func lacking(allowed []netip.Prefix, list []string) (missing []string) {
	for _, text := range list {
		network, err := config.ParseNetwork(text)
		within := func(p netip.Prefix) bool { return p.Bits() <= network.Bits() && p.Contains(network.Addr()) }
		if err != nil || !slices.ContainsFunc(allowed, within) {
			missing = append(missing, text)
		}
	}
	return missing
}
