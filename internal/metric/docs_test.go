package metric_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/internal/metric"
)

// The table in docs/metrics.md lists each metric once, with its dimensions.
func TestAll_IsTheTableOfTheDocument(t *testing.T) {
	content, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(content), "| metric | meaning | dimension |\n|---|---|---|\n")
	require.True(t, found)
	rows := regexp.MustCompile(`(?m)^\| (\w+) \| .+ \| ([^|]+) \|$`).FindAllStringSubmatch(table[:strings.Index(table, "\n\n")], -1)
	var documented, want [][2]string
	for _, row := range rows {
		documented = append(documented, [2]string{row[1], row[2]})
	}
	for _, m := range metric.All() {
		dimension := metric.KeyFunction
		switch {
		case m.Name == metric.Rejected:
			dimension += "; " + metric.KeyFunction + ", " + metric.KeyRefusal
		case m.Source == metric.Server:
			dimension = "the server alone"
		}
		want = append(want, [2]string{m.Name, dimension})
	}
	assert.ElementsMatch(t, want, documented)
	for _, refusal := range metric.Refusals() {
		assert.Contains(t, string(content), "`"+refusal+"`")
	}
}
