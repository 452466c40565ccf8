package aws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
	"msgext/internal/relaytest"
	"msgext/pkg/msgext"
)

// query is a query of the log in a document.
type query struct{ alarm, text string }

var code = regexp.MustCompile("`([^`]+)`")

// bar is what ends a cell of a table. In code a bar is escaped.
var bar = regexp.MustCompile(`(?:^|[^\\])\|`)

// queries returns the queries of a table in docs/alarms.md. The table's head is given, and which of
// its columns has them.
func queries(t *testing.T, head string, column int) (all []query) {
	t.Helper()
	document, err := os.ReadFile("../../docs/alarms.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(document), head)
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		cells := bar.Split(row, -1)
		for _, quoted := range code.FindAllStringSubmatch(cells[column], -1) {
			all = append(all, query{cells[1], strings.ReplaceAll(quoted[1], `\|`, "|")})
		}
	}
	require.NotEmpty(t, all)
	return all
}

// Words of the two languages: "CloudWatch Logs Insights language query syntax" (CloudWatch Logs User
// Guide) and "SQL syntax" of CLS (tencentcloud.com/document/product/614/44061). The other words of a
// query are fields, or names that it gives with "as".
var (
	insights = strings.Fields("filter fields sort desc stats count by bin pct ispresent like and or as @timestamp @message @requestId @type")
	cls      = strings.Fields("select sum min max count approx_percentile case when then else end as")
)

var (
	literal = regexp.MustCompile(`"[^"]*"|'[^']*'|/[^/]*/`)
	name    = regexp.MustCompile(`[@A-Za-z_][\w.@]*`)
	given   = regexp.MustCompile(` as (\w+)`)
	equals  = regexp.MustCompile(`([\w.]+) !?= ["'](\w+)["']`)
)

// fields returns the fields that a query names.
func (q query) fields(language []string) (fields []string) {
	text := literal.ReplaceAllString(q.text, "''")
	known := slices.Clone(language)
	for _, as := range given.FindAllStringSubmatch(text, -1) {
		known = append(known, as[1])
	}
	// A number with a unit, such as 5m, is no name.
	text = regexp.MustCompile(`\b\d\w*`).ReplaceAllStringFunc(text, func(number string) string {
		if number == "0" {
			return number // an element of a list, as in failed.0
		}
		return ""
	})
	for _, field := range name.FindAllString(text, -1) {
		if !slices.Contains(known, field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// flat adds the fields of a JSON value as the log services name them: nested ones with a dot
// between, those of a list by their number.
func flat(fields map[string][]string, prefix string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			flat(fields, strings.TrimPrefix(prefix+"."+key, "."), inner)
		}
	case []any:
		for i, inner := range value {
			flat(fields, fmt.Sprint(prefix, ".", i), inner)
		}
	default:
		fields[prefix] = append(fields[prefix], fmt.Sprint(value))
	}
}

// lines returns every field of the lines of requests and of runs that meet all kinds of trouble,
// with its values.
func lines(t *testing.T) map[string][]string {
	t.Helper()
	o := operate(t)
	o.backend.Answer(relaytest.OK)
	o.traffic(nil)
	o.traffic(func(q url.Values, _ *http.Request) { q.Set("Sign", strings.Repeat("0", 64)) })
	o.traffic(func(q url.Values, _ *http.Request) { q.Set("SdkAppid", "7") })
	o.traffic(func(_ url.Values, r *http.Request) { r.RemoteAddr = "198.51.100.7:1" })
	o.send(msgext.GroupCommand, `{"CallbackCommand"`, nil)
	o.send(msgext.GroupCommand, fmt.Sprintf(`{"CallbackCommand":%q,"GroupId":"g","MsgSeq":1,"OperateType":9}`, msgext.GroupCommand), nil)
	o.sink.SetDown(true)
	o.backend.Answer(relaytest.Answer{End: relaytest.Reset})
	o.traffic(nil)
	o.repairs.VerifySample = 1
	o.run()
	o.store.down = true
	o.run()
	fields := make(map[string][]string)
	for line := range strings.Lines(o.log.String()) {
		var value map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &value))
		flat(fields, "", value)
	}
	return fields
}

// Nobody has an account to try the queries of the documents with. But each field that they name
// stands in lines that the programs write, and each text that they compare a field with was its
// value there.
func TestQueries_NameWhatTheLinesHave(t *testing.T) {
	fields := lines(t)
	check := func(q query, language []string) {
		named := q.fields(language)
		for _, field := range named {
			assert.Contains(t, fields, field, "%s: %s", q.alarm, q.text)
		}
		for _, compared := range equals.FindAllStringSubmatch(q.text, -1) {
			if strings.HasPrefix(compared[1], "@") || slices.Contains(language, "@"+compared[1]) {
				continue
			}
			assert.Contains(t, fields[compared[1]], compared[2], "%s: %s", q.alarm, q.text)
		}
	}
	for _, q := range queries(t, alarmsHead, 4) {
		check(q, insights)
	}
	for _, q := range queries(t, "| alarm | query over the topic's last | condition |\n|---|---|---|\n", 2) {
		if !strings.HasPrefix(q.text, "* | ") {
			check(query{q.alarm, "refusal = " + q.text}, cls) // the same with another refusal
			continue
		}
		check(q, cls)
	}
}

// A metric that a document names with the server's prefix exists.
func TestQueries_OfPrometheusNameMetrics(t *testing.T) {
	var named int
	for _, file := range []string{"../../docs/alarms.md", "../../docs/metrics.md", "../../docs/server.md", "../../docs/operations.md", "../../docs/runbooks.md"} {
		document, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range regexp.MustCompile(`\bmsgext_([A-Z]\w+)`).FindAllStringSubmatch(string(document), -1) {
			named++
			assert.True(t, slices.ContainsFunc(metric.All(), func(m metric.Metric) bool { return strings.HasPrefix(found[1], m.Name) }), "%s: %s", file, found[0])
		}
	}
	assert.Positive(t, named)
}
