package console_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/browsertest"
	"msgext/pkg/msgext"
)

// browserTimeout bounds one test with the start of its browser.
const browserTimeout = 2 * time.Minute

// browse opens a page in a real browser. Any error that the page reports fails the test, such as a
// blocked style or script.
func browse(t *testing.T, url string) context.Context {
	t.Helper()
	return browseAs(t, url, func(string) bool { return false })
}

// browseAs is browse for a page that is expected to report some errors.
func browseAs(t *testing.T, url string, expected func(report string) bool) context.Context {
	t.Helper()
	options := append(browsertest.Options(t), chromedp.WindowSize(1320, 900))
	ctx, cancel := context.WithTimeout(context.Background(), browserTimeout)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { // closes the browser and waits, so that its folder can be removed
		assert.NoError(t, chromedp.Cancel(ctx))
		cancel()
	})
	chromedp.ListenTarget(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %s", event.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if event.Entry.Level == log.LevelError && !expected(event.Entry.Text) {
				t.Errorf("the page reported: %s %s", event.Entry.Text, event.Entry.URL)
			}
		}
	})
	require.NoError(t, chromedp.Run(ctx, chromedp.Navigate(url), until(`document.getElementById("live").dataset.state === "live"`)))
	return ctx
}

// until waits for a condition on the page, within the test's deadline.
func until(condition string) chromedp.Action { return untilValue(condition, nil) }

// untilValue is until for a value that is not empty, which it stores in found.
func untilValue(value string, found any) chromedp.Action {
	return chromedp.Poll(value, found, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(0))
}

// click clicks an element in one step. A click at its place on the screen would miss it where the
// page moves it in between, as a row or a counter more does.
func click(selector string) chromedp.Action {
	found := fmt.Sprintf("document.querySelector(%q)", selector)
	return chromedp.Tasks{until(found + " !== null"), chromedp.Evaluate(found+".click(); 0", nil)}
}

// text returns the text of an element, once it has one: the browser leaves a row's out until it
// draws the row (content-visibility). It asks in one step, because the page may replace the element
// between two steps.
func text(t *testing.T, ctx context.Context, selector string) (shown string) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx, untilValue(fmt.Sprintf("document.querySelector(%q)?.innerText", selector), &shown)))
	return shown
}

const rows = `document.querySelectorAll("#deliveries tbody tr").length`

// The page measures by its own clock, from before a webhook is sent until its row is drawn. One of
// several webhooks must be in time, because a busy machine may delay any of them.
func TestBrowser_AWebhookAppearsWithinASecond(t *testing.T) {
	p := start(t, nil)
	ctx := browse(t, p.URL+"/console/")
	quickest, sent := math.Inf(1), int64(0)
	for sent < 5 && quickest >= 1000 {
		sent++
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`window.drawn = 0; window.asked = performance.now(); new MutationObserver((_, observer) => {
			window.drawn = performance.now();
			observer.disconnect();
		}).observe(document.querySelector("#deliveries tbody"), { childList: true }); 0`, nil)))
		p.set(t, sent, "amira", "Lisbon")
		var took float64
		require.NoError(t, chromedp.Run(ctx, until("window.drawn > 0"), chromedp.Evaluate("window.drawn - window.asked", &took)))
		quickest = min(quickest, took)
	}
	assert.Less(t, quickest, 1000.0, "milliseconds, as the console promises")
	row := text(t, ctx, "#deliveries tbody tr")
	for _, want := range []string{"accepted", "test / 10", "Group.CallbackAfterGroupMsgExtension", "set", fmt.Sprint("v", sent)} {
		assert.Contains(t, row, want)
	}
}

func TestBrowser_AMissingVersionIsAHoleUntilItIsReadBack(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.set(t, 3, "bo", "Kyoto")
	ctx := browse(t, p.URL+"/console/#/message/"+strings.ReplaceAll(message.Path(), "/", "%2F"))

	require.NoError(t, chromedp.Run(ctx, until(`document.querySelectorAll(".scroller .slot.missing").length === 1`)))
	assert.Equal(t, "1 gap", text(t, ctx, "#view-message .badge"))
	assert.Contains(t, text(t, ctx, "#view-message .sub"), "Missing: v2.")

	p.repair(t, msgext.Snapshot{Latest: 3, KeyValues: []msgext.KeyValue{{Key: "amira", Value: "Lisbon", Seq: 1}, {Key: "chen", Value: "Oslo", Seq: 2}, {Key: "bo", Value: "Kyoto", Seq: 3}}})
	require.NoError(t, chromedp.Run(ctx, until(`document.querySelectorAll(".scroller .slot.repaired").length === 1`)))
	assert.Equal(t, "Complete", text(t, ctx, "#view-message .badge"))
	assert.Contains(t, text(t, ctx, "#view-message table[aria-label=Key-values]"), "chen")
}

func TestBrowser_HostileTextStaysText(t *testing.T) {
	p := start(t, nil)
	const markup = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	p.set(t, 1, markup, "\u202eexe.gnp\u202c\u200b"+strings.Repeat("long", 250))
	path := strings.ReplaceAll(message.Path(), "/", "%2F")
	ctx := browse(t, p.URL+"/console/#/message/"+path)

	for _, view := range []string{"#/message/" + path, "#/message/" + path + "/details", "#/message/" + path + "/deliveries", "#/delivery/1", "#/messages"} {
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf("location.hash = %q; 0", view), nil),
			until(`document.querySelector(".view:not([hidden]) table:not([hidden]) tbody tr, .poll li, .plain-facts") !== null`)))
		var elements, wide, titled bool
		require.NoError(t, chromedp.Run(ctx,
			chromedp.Evaluate(`document.querySelector("main img, main script:not([src])") !== null`, &elements),
			chromedp.Evaluate(`document.documentElement.scrollWidth > innerWidth`, &wide),
			chromedp.Evaluate(`!document.title.endsWith(" · msgext console")`, &titled)))
		assert.False(t, elements, "%s: markup became an element", view)
		assert.False(t, titled, "%s: script ran", view)
		assert.False(t, wide, "%s: a long word widens the page", view)
	}

	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(fmt.Sprintf("location.hash = %q; 0", "#/message/"+path), nil),
		until(`document.querySelector("table[aria-label=Key-values] td .mark") !== null`)))
	shown := text(t, ctx, "table[aria-label=Key-values]")
	assert.Contains(t, shown, markup)
	assert.Contains(t, shown, "U+202E")
	assert.Contains(t, shown, "U+200B")
}

func TestBrowser_ARefusedRequestNamesItsRule(t *testing.T) {
	p := start(t, nil)
	ctx := browse(t, p.URL+"/console/#/send")
	require.NoError(t, chromedp.Run(ctx,
		click(`[data-sample="wrong-sign"]`), until(`document.getElementById("result").textContent.includes("HTTP 403")`),
		chromedp.Evaluate(`location.hash = "#/delivery/1"; 0`, nil), until(`document.querySelector("#detail .rule-text") !== null`)))
	shown := text(t, ctx, "#detail")
	for _, want := range []string{"Sign matches no token", "wrong signature", "Nothing went out", "64 digits", "10 digits, the second it arrived", "Not read"} {
		assert.Contains(t, shown, want)
	}
}

func TestBrowser_TheListFiltersAndPauses(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.set(t, 2, "bo", "Kyoto")
	ctx := browse(t, p.URL+"/console/")
	visible := func(n int) chromedp.Action { return until(fmt.Sprintf("%s === %d", rows, n)) }
	require.NoError(t, chromedp.Run(ctx, visible(2), chromedp.SendKeys("#filter", "v2", chromedp.ByQuery), visible(1),
		chromedp.SendKeys("#filter", kb.Backspace+kb.Backspace, chromedp.ByQuery), visible(2),
		click("#pause")))
	p.set(t, 3, "chen", "Oslo")
	require.NoError(t, chromedp.Run(ctx, until(`document.getElementById("pause").textContent === "Resume, 1 new"`), visible(2),
		click("#pause"), visible(3),
		click(`#fates input[value=rejected] + span`), visible(0)))
	assert.Contains(t, text(t, ctx, "#deliveries-empty"), "No delivery matches")
}

// A page asks for all deliveries while others are pushed to it. An answer that comes late, from
// before the newest push, neither hides that delivery nor counts the others as new.
func TestBrowser_AnAnswerThatComesLate(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.set(t, 2, "bo", "Kyoto")
	ctx := browse(t, p.URL+"/console/")
	const resume = `document.getElementById("pause").textContent === "Resume, 1 new"`
	require.NoError(t, chromedp.Run(ctx, until(rows+" === 2"), click("#pause")))
	p.set(t, 3, "chen", "Oslo")
	require.NoError(t, chromedp.Run(ctx, until(resume), chromedp.Evaluate(`(async () => {
		const push = await (await fetch("/console/deliveries")).json();
		push.entries.shift();
		const tab = new BroadcastChannel("msgext-stream"); // as the tab that follows the process tells the others
		tab.postMessage({ state: "live", push: { ...push, reset: true } });
		await new Promise((resolve) => setTimeout(resolve, 300));
	})()`, nil, awaited), until(resume), click("#pause"), until(rows+" === 3")))
}

// With the keyboard only: from the list to one delivery and back.
func TestBrowser_Keyboard(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.set(t, 2, "bo", "Kyoto")
	ctx := browse(t, p.URL+"/console/")
	require.NoError(t, chromedp.Run(ctx, until(rows+" === 2"),
		chromedp.Focus("#deliveries tbody a", chromedp.ByQuery),
		chromedp.KeyEvent(kb.ArrowDown),
		chromedp.KeyEvent(kb.Enter), until(`location.hash === "#/delivery/1"`), until(`document.activeElement.id === "detail"`),
		chromedp.KeyEvent(kb.Escape), until(`document.getElementById("detail").hidden`),
		// The link from which it was opened.
		until(`document.activeElement.getAttribute("href") === "#/delivery/1"`),
		chromedp.KeyEvent(kb.Enter), until(`document.activeElement.id === "detail"`),
		chromedp.KeyEvent(kb.Tab), until(`document.activeElement.textContent === "Close"`),
		chromedp.KeyEvent(kb.Enter), until(`document.activeElement.getAttribute("href") === "#/delivery/1"`)))
}

// In both colour schemes every text has a contrast of at least 4.5:1, and every control has a name.
func TestBrowser_ContrastAndNames(t *testing.T) {
	p := busy(t)
	ctx := browse(t, p.URL+"/console/")
	for _, width := range []int64{390, 1440} {
		for _, scheme := range []string{"light", "dark"} {
			for _, view := range views() {
				show(t, ctx, view, scheme, width, 900)
				var faults []string
				require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(audit, &faults)))
				assert.Empty(t, faults, "%s, %s, %d px", view.name, scheme, width)
			}
		}
	}
}

// audit returns the visible elements whose contrast is too low or whose name is missing.
const audit = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const colour = (css) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
	const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = colour(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255]; };
	const faults = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !e.checkVisibility() || e.closest(".quiet, .skip, svg, script, noscript, :disabled")) continue;
		const [a, b] = [light(colour(getComputedStyle(e).color)), light(behind(e))];
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		if (ratio < 4.5) faults.push(ratio.toFixed(2) + ": " + e.tagName + "." + e.className + " " + walker.currentNode.data.slice(0, 30));
	}
	for (const e of document.querySelectorAll("a[href], button, input, textarea, table, svg[role=img], [tabindex='0']")) {
		const name = e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.[0]?.textContent.trim() || e.closest("section")?.querySelector("h3");
		if (e.checkVisibility() && !name) faults.push("no name: " + e.outerHTML.slice(0, 80));
	}
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push("id twice: " + id);
	if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways");
	return [...new Set(faults)];
})()`

type view struct {
	name, hash, ready string
}

func views() []view {
	path := strings.ReplaceAll(message.Path(), "/", "%2F")
	return []view{
		{"deliveries", "#/", rows + " > 3"},
		{"delivery", "#/delivery/32", `document.querySelector("#detail h2")?.textContent === "Delivery 32"`},
		{"refused", "#/delivery/18", `document.querySelector("#detail .rule-text") !== null`},
		{"messages", "#/messages", `document.querySelector("#messages tbody tr") !== null`},
		{"message", "#/message/" + path, `document.querySelector(".plain.wide tbody tr, .scroller .slot") !== null`},
		{"details", "#/message/" + path + "/details", `document.querySelector(".plain-facts") !== null`},
		{"send", "#/send", `document.querySelector("[data-sample]") !== null`},
	}
}

func show(t *testing.T, ctx context.Context, v view, scheme string, width, height int64) {
	t.Helper()
	require.NoError(t, chromedp.Run(ctx,
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
		chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1.5)),
		chromedp.Evaluate(fmt.Sprintf("location.hash = %q; 0", v.hash), nil),
		until(v.ready), until(`document.fonts.status === "loaded"`),
		chromedp.Evaluate(`document.activeElement.blur(); scrollTo(0, 0)`, nil)))
}

// busy is a process with data for every view: votes, one that came late, a gap that was read back,
// a gap that is open, and requests that were refused.
func busy(t *testing.T) *process {
	p := start(t, nil)
	people := []string{"amira", "bo", "chen", "dana", "emeka", "freya", "goro", "hana", "ines", "jonas", "kofi", "lena", "mateo", "nadia"}
	options := []string{"Lisbon", "Kyoto", "Lisbon", "Oslo", "Lisbon", "Kyoto", "Accra"}
	at := time.Now().Add(-time.Hour)
	step := func(by time.Duration) {
		at = at.Add(by)
		p.clock.move(at)
	}
	vote := func(version int64) {
		step(time.Duration(version%5+1) * 700 * time.Millisecond)
		p.set(t, version, people[int(version)%len(people)], options[int(version)%len(options)])
	}
	for _, version := range []int64{1, 2, 3, 5, 4, 6, 7, 10, 11, 9, 12} {
		vote(version)
	}
	step(20 * time.Second)
	truth := msgext.Snapshot{Latest: 12}
	for version := int64(1); version <= 12; version++ {
		truth.KeyValues = append(truth.KeyValues, msgext.KeyValue{Key: people[version], Value: options[int(version)%len(options)], Seq: version})
	}
	p.repair(t, truth)
	for _, name := range []string{"set", "set", "delete", "c2c", "unsigned", "wrong-sign", "before", "fields", "probe"} {
		step(1900 * time.Millisecond)
		p.act(t, "samples/"+name)
	}
	for _, version := range []int64{13, 14, 15, 18, 19, 17} {
		vote(version)
	}
	for _, name := range []string{"stale", "get", "set", "upper-sign"} {
		step(2300 * time.Millisecond)
		p.act(t, "samples/"+name)
	}
	step(time.Second)
	p.post(t, msgext.GroupCommand, strings.Replace(setBody(21, "bo", "Kyoto"), `"OperateType":1`, `"OperateType":2`, 1))
	return p
}

// Screenshots of every view, kept as build output for people.
func TestBrowser_Screenshots(t *testing.T) {
	p := busy(t)
	ctx := browse(t, p.URL+"/console/")
	folder := filepath.Join("..", "..", "..", "..", "dist", "screenshots")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	for _, v := range views() {
		for _, look := range []struct {
			name, scheme  string
			width, height int64
		}{{"light", "light", 1320, 860}, {"dark", "dark", 1320, 860}, {"phone", "light", 390, 844}, {"phone-dark", "dark", 390, 844}} {
			show(t, ctx, v, look.scheme, look.width, look.height)
			var picture []byte
			require.NoError(t, chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)))
			require.NotEmpty(t, picture)
			require.NoError(t, os.WriteFile(filepath.Join(folder, "console-"+v.name+"-"+look.name+".png"), picture, 0o644))
		}
	}
}
