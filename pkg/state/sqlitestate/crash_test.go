package sqlitestate_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"msgext/pkg/msgext"
	"msgext/pkg/state/sqlitestate"
	"msgext/pkg/state/statetest"
)

// victim, when set, makes the test binary a process that will be killed. It applies events to the
// file of this name.
const victim = "SQLITESTATE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		if err := applyUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

const (
	kills   = 200
	writers = 4 // concurrent, so that kills hit commits of several events
)

// crashMessage returns the message of one of the victim's writers.
func crashMessage(name string) msgext.Message {
	return msgext.Message{SDKAppID: "1400000000", GroupID: name, MsgSeq: 1}
}

// applyUntilKilled prints "WRITER VERSION" after each event that the store has accepted.
func applyUntilKilled(path string) error {
	ctx := context.Background()
	store, err := sqlitestate.Open(ctx, path)
	if err != nil {
		return err
	}
	failures := make(chan error)
	for writer := range writers {
		name := fmt.Sprintf("%d-%d", os.Getpid(), writer)
		go func() {
			for version := int64(1); ; version++ {
				event := statetest.SetEvent(crashMessage(name), version, strconv.FormatInt(version, 10), "last", fmt.Sprint("of", version%7))
				if err := store.Apply(ctx, event, time.UnixMilli(version), true); err != nil {
					failures <- err
					return
				}
				fmt.Println(name, version) // one write call; a pipe keeps it when the process dies
			}
		}()
	}
	return <-failures
}

// A process that is killed at any moment leaves a file with every event that it has acknowledged.
// (This cannot reveal a missing sync, because only a crash of the machine would lose data then: see
// the test of the pragmas.)
func TestStore_SurvivesBeingKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills hundreds of processes")
	}
	path := filepath.Join(t.TempDir(), "state.db")
	random := rand.New(rand.NewPCG(1, 1))
	acknowledged := make(map[string]int64) // greatest version by writer
	for range kills {
		for name, version := range killOne(t, path, 1+random.IntN(20)) {
			acknowledged[name] = version
		}
	}
	assert.GreaterOrEqual(t, len(acknowledged), kills, "every process got as far as an answer")

	store, err := sqlitestate.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, store.Close()) })
	for name, version := range acknowledged {
		record, err := store.Load(t.Context(), crashMessage(name))
		require.NoError(t, err, "writer %s, acknowledged %d", name, version)
		require.GreaterOrEqual(t, record.State.Contiguous(), version, name)
		require.False(t, record.State.Gap(), name)
		require.Contains(t, record.State.Visible(), msgext.KeyValue{
			Key: "last", Value: strconv.FormatInt(record.State.Latest, 10), Seq: record.State.Latest,
		}, "an event is there whole or not at all")
	}
}

// killOne starts a victim, kills it after a number of answers, and returns the greatest version
// that each of its writers had acknowledged by then.
func killOne(t *testing.T, path string, after int) map[string]int64 {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), victim+"="+path)
	var complaints strings.Builder
	process.Stderr = &complaints
	out, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())

	acknowledged := make(map[string]int64)
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		name, version, found := strings.Cut(lines.Text(), " ")
		require.True(t, found, lines.Text())
		acknowledged[name], err = strconv.ParseInt(version, 10, 64)
		require.NoError(t, err)
		if n == after {
			require.NoError(t, process.Process.Kill()) // what it wrote before is still in the pipe
		}
	}
	require.NoError(t, lines.Err())
	require.Error(t, process.Wait(), "killed")
	require.Empty(t, complaints.String())
	return acknowledged
}
