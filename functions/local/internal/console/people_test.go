package console_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/functions/local/internal/console"
	"msgext/pkg/chatsim"
	"msgext/pkg/msgext"
	"msgext/pkg/state"
)

var messagePath = strings.ReplaceAll(message.Path(), "/", "%2F")

// hash opens another view of the page and waits until it is there.
func hash(to, ready string) chromedp.Action {
	return chromedp.Tasks{chromedp.Evaluate(fmt.Sprintf("location.hash = %q; 0", to), nil), until(ready)}
}

type word struct {
	Value any `json:"value"`
}

// names returns the accessible names of a role on the page, as a screen reader gets them.
func names(t *testing.T, ctx context.Context, role string) (found []string) {
	t.Helper()
	var tree struct { // as accessibility.GetFullAXTree; the library's type lacks newer fields
		Nodes []struct {
			Ignored bool `json:"ignored"`
			Role    word `json:"role"`
			Name    word `json:"name"`
		} `json:"nodes"`
	}
	require.NoError(t, chromedp.Run(ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		return cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &tree)
	})))
	for _, node := range tree.Nodes {
		if name, ok := node.Name.Value.(string); ok && !node.Ignored && node.Role.Value == role {
			found = append(found, name)
		}
	}
	return found
}

// The page shows who leads a poll: in the list, first on the message's page, and in the accessible
// text.
func TestBrowser_WhoLeads(t *testing.T) {
	p := start(t, nil)
	for voter := range int64(201) {
		value := "Lisbon"
		if voter == 200 {
			value = "Kyoto"
		}
		p.set(t, voter+1, fmt.Sprintf("voter %d", voter), value)
	}
	ctx := browse(t, p.URL+"/console/#/messages")
	for _, width := range []int64{390, 1440} {
		require.NoError(t, chromedp.Run(ctx, chromedp.EmulateViewport(width, 900), hash("#/messages", `document.querySelector("#messages .lead")?.checkVisibility()`)))
		assert.Equal(t, "Lisbon 200 / 201", text(t, ctx, "#messages .lead"))
		require.NoError(t, chromedp.Run(ctx, hash("#/message/"+messagePath, `document.querySelectorAll(".poll .choice").length === 2`)))
		var first, oneLine bool
		require.NoError(t, chromedp.Run(ctx,
			chromedp.Evaluate(`document.querySelector("#view-message .card h2").textContent === "Poll"`, &first),
			chromedp.Evaluate(`[...document.querySelectorAll(".choice")].every((c) => { const boxes = [...c.children].map((e) => e.getBoundingClientRect()); return Math.max(...boxes.map((b) => b.top)) < Math.min(...boxes.map((b) => b.bottom)); })`, &oneLine)))
		assert.True(t, first, "the poll comes first")
		assert.True(t, oneLine, "one line an option at %d px", width)
		heard := names(t, ctx, "DisclosureTriangle")
		assert.Contains(t, heard, "Lisbon: 200 of 201, > 99 %. Who")
		assert.Contains(t, heard, "Kyoto: 1 of 201, < 1 %. Who", "not nobody")
	}
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`document.querySelectorAll(".choice")[1].focus()`, nil), chromedp.KeyEvent(kb.Enter),
		until(`document.querySelectorAll(".poll details[open]").length === 1`)))
	assert.Contains(t, text(t, ctx, ".poll details[open] .who"), "voter 200")
}

func TestBrowser_PollOfTheVotePlugin(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira_0", "1")
	p.set(t, 2, "bo_0", "0_1")
	p.set(t, 3, "closed", "1")
	ctx := browse(t, p.URL+"/console/#/message/"+messagePath)
	require.NoError(t, chromedp.Run(ctx, until(`document.querySelectorAll(".choice").length === 2`)))
	assert.Subset(t, names(t, ctx, "DisclosureTriangle"), []string{"Option 2: 2 of 2, 100 %. Who", "Option 1: 1 of 2, 50 %. Who"})
	assert.Contains(t, text(t, ctx, ".choice"), "Option 2", "the most first")
	assert.Contains(t, text(t, ctx, ".poll .sub"), "2 voters, by Chat's vote plugin")
	assert.Equal(t, "Closed", text(t, ctx, ".poll .badge"))
}

// The page shows what was sent for a delivery: each destination by name, and the event to copy.
func TestBrowser_WhatWentOut(t *testing.T) {
	p := startWith(t, nil, fakeSink{"https://good.example", 2}, fakeSink{"kafka:votes", 0})
	response, err := http.Post(p.signed(msgext.GroupCommand), "application/json", strings.NewReader(setBody(1, "late joiner", "A")))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	ctx := browse(t, p.URL+"/console/")
	require.NoError(t, chromedp.Run(ctx, until(rows+" === 1")))
	row := text(t, ctx, "#deliveries tbody tr")
	assert.Contains(t, row, "late joiner → A")
	assert.Contains(t, row, "not at kafka:votes")
	for _, width := range []int64{390, 1440} {
		require.NoError(t, chromedp.Run(ctx, chromedp.EmulateViewport(width, 900), hash("#/delivery/1", `document.querySelector("#detail table") !== null`)))
		shown := text(t, ctx, "#detail table")
		for _, want := range []string{"Store", "https://good.example", "kafka:votes: answered with 503", "not delivered", "3"} {
			assert.Contains(t, shown, want)
		}
	}
	for _, button := range []struct{ name, holds string }{{"Copy event", `"specversion": "1.0"`}, {"Copy headers", "Webhook-Id: "}} {
		require.NoError(t, chromedp.Run(ctx,
			chromedp.Evaluate(fmt.Sprintf(`[...document.querySelectorAll("#detail button")].find((b) => b.textContent === %q).focus()`, button.name), nil),
			chromedp.KeyEvent(kb.Enter), until(fmt.Sprintf(`document.querySelector("#detail textarea").value.includes(%q)`, button.holds)),
			until(`/^(Copied|Copy the text below)$/.test(document.querySelector("#detail [role=status]").textContent)`)))
	}
}

// The filter finds text that only the body has. Accessible names differ for two rows of the same
// second.
func TestBrowser_FilterAndNames(t *testing.T) {
	p := start(t, nil)
	p.post(t, msgext.GroupCommand, strings.Replace(setBody(1, "amira", "Lisbon"), `"MsgSeq"`, `"Unread":"needle","MsgSeq"`, 1))
	for version := int64(2); version <= 6; version++ {
		p.set(t, version, "bo", "Kyoto")
	}
	ctx := browse(t, p.URL+"/console/")
	require.NoError(t, chromedp.Run(ctx, until(rows+" === 6")))
	heard := map[string]bool{}
	for _, name := range names(t, ctx, "link") {
		heard[name] = true
	}
	for id := 1; id <= 6; id++ {
		found := false
		for name := range heard {
			found = found || strings.HasSuffix(name, fmt.Sprintf(", Delivery %d", id)) && strings.Contains(name, fmt.Sprintf("set Version %d, ", id))
		}
		assert.True(t, found, "delivery %d: %v", id, heard)
	}
	require.NoError(t, chromedp.Run(ctx, chromedp.SendKeys("#filter", "needle", chromedp.ByQuery), until(rows+" === 1")))
	assert.Contains(t, text(t, ctx, "#deliveries tbody tr"), "amira → Lisbon")
	require.NoError(t, chromedp.Run(ctx, chromedp.SendKeys("#filter", strings.Repeat(kb.Backspace, len("needle"))+"kyoto", chromedp.ByQuery), until(rows+" === 5")))
}

// The bar shows whether repair is on. Where it is off, nothing announces a read.
func TestBrowser_WhetherRepairIsOn(t *testing.T) {
	for on, want := range map[bool]string{true: "Repair on", false: "Repair off"} {
		p := start(t, func(o *console.Options) { o.Repairs = on })
		p.set(t, 1, "amira", "Lisbon")
		p.set(t, 3, "bo", "Kyoto")
		ctx := browse(t, p.URL+"/console/#/message/"+messagePath+"/details")
		require.NoError(t, chromedp.Run(ctx, until(`document.querySelector(".plain-facts") !== null`)))
		assert.Equal(t, want, text(t, ctx, "#repair"))
		assert.Equal(t, on, strings.Contains(text(t, ctx, "#view-message .sub"), "until they are read back"))
		assert.Equal(t, !on, strings.Contains(text(t, ctx, ".plain-facts"), "repair is off"))
	}
}

// The language is the browser's, and no language lacks a text.
func TestBrowser_Languages(t *testing.T) {
	p := start(t, nil)
	p.set(t, 1, "amira", "Lisbon")
	p.act(t, "samples/wrong-sign")
	ctx := browse(t, p.URL+"/console/")
	for accept, want := range map[string]struct{ lang, nav, advice string }{
		"en-US,en":       {"en", "Deliveries", "Sign is the lower-case hex"},
		"zh-CN,zh,en":    {"zh-CN", "回调记录", "格式正确"},
		"zh-TW,zh":       {"zh-CN", "回调记录", "SHA-256"},
		"ja,en":          {"ja", "受信記録", "トークン"},
		"fr-FR,ja-JP,en": {"ja", "受信記録", "トークン"},
		"fr-FR":          {"en", "Deliveries", "Sign is the lower-case hex"},
	} {
		require.NoError(t, chromedp.Run(ctx,
			emulation.SetUserAgentOverride("test").WithAcceptLanguage(accept),
			chromedp.Navigate("about:blank"), chromedp.Navigate(p.URL+"/console/#/delivery/2"), until(`document.querySelector("#detail .rule-text + .sub") !== null`)))
		var lang string
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`document.documentElement.lang`, &lang)))
		assert.Equal(t, want.lang, lang, accept)
		assert.Equal(t, want.nav, text(t, ctx, "[data-nav=deliveries]"), accept)
		assert.Contains(t, text(t, ctx, "#detail .rule-text + .sub"), want.advice, accept)
		for _, view := range views() {
			if view.name == "delivery" || view.name == "refused" || view.name == "deliveries" {
				continue
			}
			var faults []string
			require.NoError(t, chromedp.Run(ctx, hash(view.hash, view.ready), chromedp.Evaluate(audit, &faults)))
			assert.Empty(t, faults, "%s, %s", accept, view.name)
			var blank []string
			require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`[...document.querySelectorAll("[data-t], [data-t-sample], [data-t-detail]")].filter((e) => e.textContent === "" || e.textContent === "undefined").map((e) => e.outerHTML)`, &blank)))
			assert.Empty(t, blank)
			assert.NotContains(t, text(t, ctx, "main"), "undefined")
		}
	}
	var lacking []string
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(lacksText, &lacking, awaited)))
	assert.Empty(t, lacking)
	var pages map[string]string
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(pagesOfWebhooks, &pages, awaited)))
	assert.Equal(t, map[string]string{
		// https://www.tencentcloud.com/document/product/1047/34520, read 2026-11-26.
		"en": "Webhook Configuration",
		// https://cloud.tencent.com/document/product/269/32431, read 2026-11-26.
		"zh": "回调配置",
		// https://www.tencentcloud.com/jp/document/product/1047/34520, read 2026-11-26.
		"ja": "コールバック設定",
	}, pages, "the Chat console's own label, by the vendor's page in that language")
}

const pagesOfWebhooks = `import("/console/static/strings.js").then(({ languages }) =>
	Object.fromEntries(Object.entries(languages).map(([tag, words]) => [tag, words.page])))`

// awaited waits for the promise of an expression.
func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// lacksText lists texts that a language lacks, except the names of Chat's own fields, and texts
// with other placeholders.
const lacksText = `import("/console/static/strings.js").then(({ languages: { en, zh, ja } }) => {
	const own = new Set(["errorInfo", "group", "seq", "from", "to", "key", "under", "over", "titleMessage", "eventLabel"]);
	const placeholders = (text) => [...new Set([text].flat().join(" ").match(/\{\w+\}/g) ?? [])].sort().join();
	const lacking = [];
	for (const [tag, words] of Object.entries({ zh, ja })) {
		for (const part of ["advice", "samples"]) for (const name of Object.keys(en[part])) if (!words[part][name]) lacking.push(tag + " " + part + " " + name);
		for (const name of Object.keys(en)) {
			if (own.has(name) || name === "advice" || name === "samples") continue;
			if (words[name] === undefined) lacking.push(tag + " " + name);
			else if (placeholders(words[name]) !== placeholders(en[name])) lacking.push(tag + " " + name + ": other values");
		}
		for (const name of Object.keys(words)) if (en[name] === undefined) lacking.push(tag + " " + name + ": no such text");
	}
	return lacking;
})`

// A browser has six connections to one address. Six tabs once used all of them, and no page could
// load.
func TestBrowser_TenTabs(t *testing.T) {
	p := start(t, nil)
	first := browse(t, p.URL+"/console/")
	tabs := []context.Context{first}
	for range 9 {
		tab, cancel := chromedp.NewContext(first)
		t.Cleanup(cancel)
		require.NoError(t, chromedp.Run(tab, chromedp.Navigate(p.URL+"/console/"), until(`document.getElementById("live").dataset.state === "live"`)))
		tabs = append(tabs, tab)
	}
	p.set(t, 1, "amira", "Lisbon")
	for _, tab := range tabs {
		require.NoError(t, chromedp.Run(tab, page.BringToFront(), until(rows+" === 1"), hash("#/message/"+messagePath, `document.querySelector(".choice") !== null`)))
	}
	// The tab that holds the stream closes, and another one takes over.
	require.NoError(t, chromedp.Run(tabs[0], chromedp.Navigate("about:blank")))
	require.NoError(t, chromedp.Run(tabs[1], page.BringToFront(), until(`document.getElementById("live").dataset.state === "live"`)))
	p.set(t, 2, "bo", "Kyoto")
	for _, tab := range tabs[1:] {
		require.NoError(t, chromedp.Run(tab, page.BringToFront(), hash("#/", rows+" === 2")))
	}
}

// The page shows when the store is down and when the process has ended.
func TestBrowser_Trouble(t *testing.T) {
	var down atomic.Bool
	p := start(t, func(o *console.Options) {
		load := o.Load
		o.Load = func(ctx context.Context, m msgext.Message) (state.Record, error) {
			if down.Load() {
				return state.Record{}, errors.New("connection refused")
			}
			return load(ctx, m)
		}
	})
	p.set(t, 1, "amira", "Lisbon")
	ctx := browseAs(t, p.URL+"/console/", func(report string) bool { return strings.Contains(report, "Failed to load resource") })
	down.Store(true)
	require.NoError(t, chromedp.Run(ctx, hash("#/messages", `document.querySelector("#messages .badge") !== null`)))
	assert.Equal(t, "Store down", text(t, ctx, "#messages .badge"))
	require.NoError(t, chromedp.Run(ctx, hash("#/message/"+messagePath, `document.querySelector("#view-message .note") !== null`)))
	assert.Equal(t, "The store does not answer.", text(t, ctx, "#view-message .note"))

	p.end()
	require.NoError(t, chromedp.Run(ctx, until(`!document.getElementById("banner").hidden`)))
	assert.Regexp(t, `^The process does not answer\. It was last heard at \d\d:\d\d:\d\d, `, text(t, ctx, "#banner"))
}

// Versions near the greatest number are shown with all digits, because their last digits alone are
// alike.
func TestBrowser_GreatVersions(t *testing.T) {
	p := start(t, nil)
	p.sets(t, math.MaxInt64-100_000, math.MaxInt64-2, math.MaxInt64)
	ctx := browse(t, p.URL+"/console/#/message/"+messagePath)
	require.NoError(t, chromedp.Run(ctx, until(`document.querySelectorAll(".scroller .slot").length > 3`)))
	var labels []string
	require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`[...document.querySelectorAll(".scroller .slot text:last-child")].map((e) => e.textContent)`, &labels)))
	assert.Contains(t, labels, "9223372036854775807")
	assert.Contains(t, labels, "9223372036854775805")
	seen := map[string]bool{}
	for _, label := range labels {
		assert.False(t, seen[label], "twice: %s", label)
		seen[label] = true
	}
}

func TestBrowser_TitlesZoneAndOneToOne(t *testing.T) {
	p := start(t, nil)
	p.act(t, "samples/c2c")
	p.act(t, "samples/too-large")
	ctx := browse(t, p.URL+"/console/")
	for to, want := range map[string]string{
		"#/": "Deliveries", "#/delivery/1": "Delivery 1", "#/messages": "Messages", "#/send": "Send", "#/message/" + messagePath: "test / 10",
	} {
		require.NoError(t, chromedp.Run(ctx, hash(to, fmt.Sprintf("document.title === %q", want+" · msgext console"))))
	}
	assert.Equal(t, "Times in UTC"+p.clock.now().Local().Format("-07:00"), text(t, ctx, "#zone"))
	require.NoError(t, chromedp.Run(ctx, hash("#/", rows+" === 2")))
	assert.Contains(t, text(t, ctx, "#deliveries tbody tr"), "Body too large")
	require.NoError(t, chromedp.Run(ctx, hash("#/messages", `document.querySelector("#messages tbody tr") !== null`),
		chromedp.SetValue("#open [name=kind]", "c2c", chromedp.ByQuery), chromedp.Evaluate(`document.querySelector("#open [name=kind]").dispatchEvent(new Event("change")); 0`, nil),
		chromedp.SendKeys("#open [name=from]", "jared", chromedp.ByQuery), chromedp.SendKeys("#open [name=to]", "amira", chromedp.ByQuery),
		chromedp.SendKeys("#open [name=key]", "93847636_1287657_1764688415"+kb.Enter, chromedp.ByQuery),
		until(`document.querySelector("#view-message table[aria-label=Key-values]") !== null`)))
	assert.Contains(t, text(t, ctx, "#message-title"), "jared → amira")
}

// With a thousand rows and a running simulation, no task of the page takes so long that a person
// would notice. It must hold in one of several parts of the simulation, because a busy machine may
// delay any of them. A page that drew all its rows anew would fail in each.
func TestBrowser_NoLongTask(t *testing.T) {
	var p *process
	sim := chatsim.New(chatsim.Options{SDKAppID: appID, Admin: "administrator", Token: webhookToken})
	p = start(t, func(o *console.Options) {
		o.Simulate = func(ctx context.Context, _ string, _ func(console.Progress)) error {
			for run := uint64(1); ctx.Err() == nil; run++ { // until the page has got enough
				workload := chatsim.Workload{Messages: 200, Changes: 3000, Every: 2 * time.Millisecond, Seed: run, Run: fmt.Sprint(run, "-")}
				faults := chatsim.Faults{Drop: 0.1, Duplicate: 0.1, Reorder: 0.1, Delay: 0.1, MaxDelay: 100 * time.Millisecond, Seed: run}
				if _, err := sim.Play(ctx, sim.Plan(workload, faults), chatsim.Player{Send: chatsim.Sender(http.DefaultClient, p.URL)}); err != nil {
					return err
				}
			}
			return nil
		}
	})
	for version := range int64(1000) {
		p.set(t, version+1, fmt.Sprintf("voter %d", version%97), "Lisbon")
	}
	ctx := browse(t, p.URL+"/console/")
	require.NoError(t, chromedp.Run(ctx, until(rows+" >= 200")))
	for range 4 {
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(`document.querySelector("#more button").click(); 0`, nil)))
	}
	require.NoError(t, chromedp.Run(ctx, until(rows+" === 1000")))

	p.ask(t, "simulation", `{"preset":"losses"}`)
	const stretch = 150 // webhooks
	longest := math.Inf(1)
	for n := 0; n < 40 && longest >= 100; n++ {
		require.NoError(t, chromedp.Run(ctx, chromedp.Evaluate(watchTasks, nil),
			until(fmt.Sprintf(`Number(document.querySelector("#counters dd").textContent.replaceAll(",", "")) >= window.received + %d`, stretch)),
			chromedp.Evaluate("window.longest", &longest)))
	}
	assert.Less(t, longest, 100.0, "milliseconds, as the console promises")
}

// watchTasks begins to record the longest task, and how many webhooks the page has counted so far.
const watchTasks = `window.longest = 0;
window.watching?.disconnect();
window.watching = new PerformanceObserver((list) => {
	for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
});
window.watching.observe({ type: "longtask" });
window.received = Number(document.querySelector("#counters dd").textContent.replaceAll(",", ""));
0`
