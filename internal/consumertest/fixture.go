package consumertest

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"msgext/pkg/cloudevent"
	"msgext/pkg/msgext"
)

// Fixture is a file of testdata/consumers: events as they are delivered, one a line. A second file
// holds what a consumer must show after the last of them.
type Fixture struct {
	Name   string
	Events [][]byte
	Want   map[string][]msgext.KeyValue // by partition key
}

// folder returns the path of testdata/consumers from any package's folder.
func folder() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "testdata", "consumers")
}

// Fixtures reads all fixtures. It fails where there are none.
func Fixtures(t testing.TB) []Fixture {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder(), "*.jsonl"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	fixtures := make([]Fixture, len(files))
	for i, file := range files {
		lines, err := os.ReadFile(file)
		require.NoError(t, err)
		want, err := os.ReadFile(strings.TrimSuffix(file, "l"))
		require.NoError(t, err)
		fixtures[i].Name = strings.TrimSuffix(filepath.Base(file), ".jsonl")
		fixtures[i].Events = bytes.Split(bytes.TrimSpace(lines), []byte("\n"))
		fixtures[i].Want, err = Shown(want)
		require.NoError(t, err)
		require.NotEmpty(t, fixtures[i].Events)
	}
	return fixtures
}

// files returns the contents of the fixture's files by their paths.
func (f Fixture) files(t testing.TB) map[string]string {
	t.Helper()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	require.NoError(t, encoder.Encode(f.Want))
	name := filepath.Join(folder(), f.Name)
	return map[string]string{
		name + ".jsonl": string(bytes.Join(f.Events, []byte("\n"))) + "\n",
		name + ".json":  want.String(),
	}
}

// Write writes the fixture's files.
func (f Fixture) Write(t testing.TB) {
	t.Helper()
	for path, content := range f.files(t) {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
}

// RequireWritten fails where Write would change a file.
func (f Fixture) RequireWritten(t testing.TB) {
	t.Helper()
	for path, content := range f.files(t) {
		written, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(written), "%s: write it anew with -update, and see what has changed", path)
	}
}

// Deliver returns the events as they arrive: losing percent of them are lost, some arrive twice,
// many arrive late. The last read of each message is never lost, because without it nothing says
// what a consumer must show.
func Deliver(seed uint64, sent []cloudevent.Event, losing int) [][]byte {
	r := rand.New(rand.NewPCG(seed, 0x64656c69766572))
	last := make(map[string]int)
	for i, event := range sent {
		if event.IsRepaired() || event.IsGone() {
			last[event.PartitionKey()] = i
		}
	}
	type arrival struct {
		at    int
		event []byte
	}
	var arrivals []arrival
	for i, event := range sent {
		if read, ok := last[event.PartitionKey()]; r.IntN(100) < losing && !(ok && read == i) {
			continue
		}
		for copies := 1 + r.IntN(5)/4; copies > 0; copies-- {
			late := r.IntN(4)
			if r.IntN(3) == 0 {
				late = r.IntN(len(sent))
			}
			arrivals = append(arrivals, arrival{i + late, event.JSON()})
		}
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return a.at - b.at })
	lines := make([][]byte, len(arrivals))
	for i, arrival := range arrivals {
		lines[i] = arrival.event
	}
	return lines
}
