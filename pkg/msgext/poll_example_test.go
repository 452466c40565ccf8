package msgext_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
)

// A poll about where to meet has six versions. The third is lost, the fifth comes late and the
// fourth comes twice. A seventh is forged. Two reads of Chat restore the truth.
func Example() {
	var poll msgext.State
	apply := func(what string, version int64, key, value string) {
		event := msgext.Event{Operation: msgext.Set, Seq: version, KeyValues: []msgext.KeyValue{{Key: key, Value: value, Seq: version}}}
		if value == "" {
			event.Operation = msgext.Delete
		}
		poll.Apply(event)
		poll.MarkSeen(version)
		show(what, poll)
	}
	apply("1 amira: Lisbon", 1, "amira", "Lisbon")
	apply("2 bo: Kyoto", 2, "bo", "Kyoto")
	// 3 chen: Lisbon is lost.
	apply("4 dana: Kyoto", 4, "dana", "Kyoto")
	apply("6 bo: Lisbon", 6, "bo", "Lisbon")
	apply("5 amira withdraws, late", 5, "amira", "")
	apply("4 dana: Kyoto, again", 4, "dana", "Kyoto")
	apply("7 eve: Kyoto, forged", 7, "eve", "Kyoto")

	read := msgext.Snapshot{Number: 1, Latest: 6, KeyValues: []msgext.KeyValue{{"chen", "Lisbon", 3}, {"dana", "Kyoto", 4}, {"bo", "Lisbon", 6}}}
	poll.Merge(read)
	poll.RaiseFloor(6)
	show("a read as of 6", poll)

	read.Number, read.After = 2, 1
	poll.Merge(read)
	poll.Drop(6)
	show("a later read as of 6", poll)

	read.Number, read.After = 3, 2
	poll.Merge(read)
	poll.RaiseFloor(6)
	show("one more read as of 6", poll)
	// Output:
	// 1 amira: Lisbon           latest 1  floor 1  seen []         amira
	// 2 bo: Kyoto               latest 2  floor 2  seen []         amira bo
	// 4 dana: Kyoto             latest 4  floor 2  seen [4]        amira bo dana
	// 6 bo: Lisbon              latest 6  floor 2  seen [4 6]      amira dana bo
	// 5 amira withdraws, late   latest 6  floor 2  seen [4 5 6]    dana bo
	// 4 dana: Kyoto, again      latest 6  floor 2  seen [4 5 6]    dana bo
	// 7 eve: Kyoto, forged      latest 7  floor 2  seen [4 5 6 7]  dana bo eve
	// a read as of 6            latest 7  floor 7  seen []         chen dana bo eve
	// a later read as of 6      latest 6  floor 5  seen []         chen dana bo
	// one more read as of 6     latest 6  floor 6  seen []         chen dana bo
}

// show prints a line of docs/state.md's example.
func show(what string, s msgext.State) {
	var visible []string
	for _, kv := range s.Visible() {
		visible = append(visible, kv.Key)
	}
	fmt.Printf("%-25s latest %d  floor %d  seen %-9s  %s\n", what, s.Latest, s.Floor, fmt.Sprint(s.Seen), strings.Join(visible, " "))
}

// docs/state.md explains the example and must contain its output.
func TestExample_StandsInTheDocument(t *testing.T) {
	source, err := os.ReadFile("poll_example_test.go")
	require.NoError(t, err)
	document, err := os.ReadFile("../../docs/state.md")
	require.NoError(t, err)
	_, output, _ := strings.Cut(string(source), "// Output:\n")
	output, _, _ = strings.Cut(output, "}\n")
	lines := strings.Split(strings.TrimSpace(output), "\n")
	require.Len(t, lines, 10)
	for _, line := range lines {
		assert.Contains(t, string(document), strings.TrimPrefix(strings.TrimSpace(line), "// ")+"\n")
	}
}
