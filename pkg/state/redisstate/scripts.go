package redisstate

import (
	"embed"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"msgext/pkg/state"
)

//go:embed lua/*.lua
var sources embed.FS

// scripts are the Lua behind the calls; lua/rules.lua goes before those that work on one message.
// Redis knows a script by its digest and forgets it with a restart: then redis.Script sends it
// whole.
type scripts struct {
	apply, mark, doubt, announce, merge, saveCheck, drop, sweep, erase, upgrade *redis.Script

	waiting, heads *redis.Script // of one shard, for a pipeline over all, see Store.onShards
}

func newScripts() (scripts, error) {
	var s scripts
	rules, err := sources.ReadFile("lua/rules.lua")
	if err != nil {
		return scripts{}, explain(err)
	}
	for name, script := range map[string]**redis.Script{
		"apply": &s.apply, "mark": &s.mark, "doubt": &s.doubt, "announce": &s.announce, "merge": &s.merge,
		"savecheck": &s.saveCheck, "drop": &s.drop, "sweep": &s.sweep, "erase": &s.erase, "upgrade": &s.upgrade,
		"waiting": &s.waiting, "heads": &s.heads,
	} {
		source, err := sources.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return scripts{}, explain(err)
		}
		if name != "waiting" && name != "heads" {
			source = append(slices.Clone(rules), source...)
		}
		*script = redis.NewScript(string(source))
	}
	return s, nil
}

// shards is how many parts the messages are spread over. It is part of where a message lies:
// another number finds nothing of what was kept under this one.
const shards = 64

// shard returns the part that a message lies in.
func shard(path string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(path))
	return int(h.Sum32() % shards)
}

func prefix(shard int) string { return "msgext:{" + strconv.Itoa(shard) + "}:" }

// keys returns KEYS of the scripts that work on one message, see lua/rules.lua.
func keys(path string) []string {
	n := shard(path)
	p := prefix(n)
	return []string{p + "head:" + path, p + "entries:" + path, p + "seen:" + path, p + "base:" + path,
		laneKey(n, state.FirstChecks), laneKey(n, state.Retries), laneKey(n, state.Announced), p + "open", p + "all", p + "schema"}
}

// laneKey returns the index of a lane in a shard. The first has the name of the only one that
// schema 1 had.
func laneKey(shard int, lane state.Lane) string {
	switch lane {
	case state.Retries:
		return prefix(shard) + "retries"
	case state.Announced:
		return prefix(shard) + "announced"
	}
	return prefix(shard) + "due"
}
