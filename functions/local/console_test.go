package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/browsertest"
	"msgext/internal/peertest"
	"msgext/internal/processtest"
	"msgext/internal/vectortest"
	"msgext/pkg/msgext"
)

// browse opens a page of the process in a real browser.
func browse(t *testing.T, url string) context.Context {
	t.Helper()
	options := browsertest.Options(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		assert.NoError(t, chromedp.Cancel(ctx))
		cancel()
	})
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(url), until(`document.getElementById("live").dataset.state === "live"`)))
	return ctx
}

func until(condition string) chromedp.Action {
	return chromedp.Poll(condition, nil, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
}

// click clicks an element in one step: the page may move it between two.
func click(selector string) chromedp.Action {
	found := fmt.Sprintf("document.querySelector(%q)", selector)
	return chromedp.Tasks{until(found + " !== null"), chromedp.Evaluate(found+".click(); 0", nil)}
}

// shown evaluates an expression on the page.
func shown(t *testing.T, ctx context.Context, expression string) (text string) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(expression, &text)))
	return text
}

// The line that the process prints works as pasted, and its webhook appears on the page. A
// simulation that is started from the page is repaired. An open page does not keep the process from
// ending.
func TestConsole_InABrowser(t *testing.T) {
	peertest.Address(t, peertest.Chromium) // asked first, because the build takes long
	local := processtest.StartLocal(t, binaries.Build(t, "functions/local"), []string{"MSGEXT_STATE=memory:"})
	ctx := browse(t, local.URL+"/console/")

	line := regexp.MustCompile(`(?m)^curl .*$`).FindString(local.Greeting())
	out, err := exec.Command("sh", "-c", line).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, chromedp.Run(ctx, until(`document.querySelector("#deliveries tbody tr .label")?.textContent === "test / 10"`)))

	require.NoError(t, chromedp.Run(ctx,
		chromedp.Evaluate(`location.hash = "#/send"; 0`, nil),
		click(`[data-preset="losses"]`),
		until(`document.getElementById("simulation").dataset.state === "over"`)))
	const outcome = `document.getElementById("simulation").textContent`
	first := shown(t, ctx, outcome)
	assert.Regexp(t, `^Played losses: 3,000 changes on 200 messages, [1-9]\d* webhooks lost, [1-9]\d* messages repaired, 0 differ from Chat`, first)

	// Again on the same store: each run has message names of its own.
	require.NoError(t, chromedp.Run(ctx, click(`[data-preset="losses and forgeries"]`),
		until(outcome+`.startsWith("Played losses and forgeries")`)))
	assert.Contains(t, shown(t, ctx, outcome), " 0 differ from Chat")

	// The page then shows reads of messages that had gaps, and every message of the simulation is
	// complete. The link of the simulation leads to one of them.
	var repaired, open int
	require.NoError(t, chromedp.Run(ctx,
		click(`#simulation a`), until(`document.querySelector("#view-message .badge.whole") !== null`),
		chromedp.Evaluate(`location.hash = "#/messages"; 0`, nil),
		until(`document.querySelector("#messages tbody tr") !== null`),
		chromedp.Evaluate(`Number([...document.querySelectorAll("#counters div")].find((e) => e.textContent.startsWith("Read back")).querySelector("dd").textContent.replace(",", ""))`, &repaired),
		chromedp.Evaluate(`[...document.querySelectorAll("#messages tbody tr")].filter((row) => row.querySelector(".gap") && row.querySelector(".label").textContent !== "test / 10").length`, &open)))
	assert.Positive(t, repaired)
	assert.Zero(t, open)

	assert.Zero(t, local.Stop(t), local.Greeting())
}

// After a restart the console lists the messages of the store, although no webhook has named them.
func TestConsole_ListsTheStoreAfterARestart(t *testing.T) {
	environ := []string{"MSGEXT_TOKEN=xxxxyyyy", "MSGEXT_SDK_APP_ID=" + vectortest.SDKAppID, "MSGEXT_STATE=sqlite:" + t.TempDir() + "/state.db"}
	first := processtest.StartLocal(t, binaries.Build(t, "functions/local"), environ)
	for seq := range 3 {
		send(t, first.URL, msgext.GroupCommand, fmt.Sprintf(`{"CallbackCommand":"Group.CallbackAfterGroupMsgExtension","GroupId":"kept","MsgSeq":%d,"OperateType":1,"ExtensionList":[{"Key":"a","Value":"Lisbon","Seq":1}],"Seq":1}`, seq+1))
	}
	require.Zero(t, first.Stop(t))
	second := processtest.StartLocal(t, binaries.Build(t, "functions/local"), environ)
	_, body := get(t, second.URL+"/console/messages")
	for seq := range 3 {
		assert.Contains(t, body, fmt.Sprintf(`"label":"kept / %d","deliveries":0,"at":null,"store":"stored","latest":"1","keys":1,"missing":false,"leading":{"plugin":false,"value":"Lisbon"`, seq+1))
	}
	assert.Contains(t, body, `"all":true`)
}
