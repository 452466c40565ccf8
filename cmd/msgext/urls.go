package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The rules of Chat's console for a webhook URL (trtc.io/document/34520, read 2026-11-26).
const (
	maxConsoleHost = 63     // characters
	notInConsole   = "!$&?" // characters that are refused; spaces are too
	consoleDelay   = "two minutes"
)

// notTaken is printed for a URL that Chat's console does not accept. errConsole is then the error
// of checkURLs.
const notTaken = "Chat's console does not take this URL"

var errConsole = errors.New("not a URL for Chat's console")

// consoleFaults says why Chat's console does not accept a URL, one sentence each.
func consoleFaults(address string) []string {
	var faults []string
	if host := hostOf(address); len(host) > maxConsoleHost {
		faults = append(faults, fmt.Sprintf("its host has %d characters, at most %d are taken: choose another region, or put a domain of your own or an HTTP API in front", len(host), maxConsoleHost))
	}
	if at := strings.IndexAny(address, notInConsole); at >= 0 {
		faults = append(faults, fmt.Sprintf("it has a %q, which is not taken", address[at]))
	}
	if strings.ContainsAny(address, " \t\r\n") || strings.Contains(address, "%20") {
		faults = append(faults, "it has a space, which is not taken")
	}
	return faults
}

func hostOf(address string) string {
	if target, err := url.Parse(address); err == nil {
		return target.Hostname()
	}
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

func urlsVerb(c console) *cobra.Command {
	return &cobra.Command{
		Use:   "urls",
		Short: "Say whether Chat's console takes the URLs of a deployment",
		Long: `Reads what a deployment printed from standard input and says of each webhook URL in it whether
Chat's console takes it. MSGEXT_PATH is that of SCF's function. A stack's outputs are without the
path.`,
		Example: `  sam list stack-outputs --output json --stack-name msgext | msgext urls`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return checkURLs(c) },
	}
}

// checkURLs reads the output of a deployment. For each webhook URL in it, it says whether Chat's
// console accepts it.
func checkURLs(c console) error {
	printed, err := io.ReadAll(c.stdin)
	if err != nil {
		return err
	}
	found, behind := stackURLs(printed), ", with the stack's parameter Path behind it"
	if found == nil {
		found, behind = functionURLs(string(printed), c.variable("MSGEXT_PATH")), ""
	}
	if len(found) == 0 {
		fmt.Fprintln(c.stdout, "No webhook URL stands in what was printed. Before you paste one into Chat's console, try it with scripts/send, which says whether it is taken there.")
		return nil
	}
	refused := false
	for _, address := range found {
		faults := consoleFaults(address)
		if len(faults) == 0 {
			fmt.Fprintf(c.stdout, "%s\nChat's console takes this URL%s; a change there works after %s.\n", address, behind, consoleDelay)
			continue
		}
		refused = true
		fmt.Fprintf(c.stdout, "%s\n%s: %s.\n", address, notTaken, strings.Join(faults, "; "))
	}
	if refused {
		return errConsole
	}
	return nil
}

// functionURL matches the URL of a gateway of our functions in the output of the SCF tool. A path
// in it is that of the API gateway.
var functionURL = regexp.MustCompile(`https://[A-Za-z0-9.-]+\.(?:tencentscf\.com|apigw\.tencentcs\.com(?::443)?)[^\s"',]*`)

// urlOutputs are the outputs of template.yaml that Chat's console is given. They are without the
// parameter Path, which is NoEcho.
var urlOutputs = []string{"WebhookURL", "WebhookFunctionURL"}

// stackURLs returns the webhook URLs among a CloudFormation stack's outputs as SAM prints them, and
// nil for any other text.
func stackURLs(printed []byte) []string {
	var outputs []struct{ OutputKey, OutputValue string }
	if json.Unmarshal(printed, &outputs) != nil {
		return nil
	}
	found := []string{}
	for _, output := range outputs {
		if slices.Contains(urlOutputs, output.OutputKey) {
			found = append(found, output.OutputValue)
		}
	}
	return found
}

// functionURLs returns the webhook URLs in what SCF's tool printed. It does not know the path.
func functionURLs(printed, path string) []string {
	found := functionURL.FindAllString(printed, -1)
	for i, address := range found {
		if strings.Contains(address, ".tencentscf.com") {
			found[i] = strings.TrimSuffix(address, "/") + path
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
