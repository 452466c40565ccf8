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

// scripts are the Lua scripts of the calls. lua/rules.lua is placed before those that work on one
// message. Redis identifies a script by its digest and forgets all scripts when it restarts.
// redis.Script then sends the whole script.
type scripts struct {
	apply, mark, doubt, announce, merge, saveCheck, drop, sweep, erase, upgrade *redis.Script

	waiting, heads *redis.Script // for one shard, in a pipeline over all, see Store.onShards
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

// shards is the number of shards. It determines where a message is stored, so with another number
// the store would not find any existing data.
const shards = 64

// shard returns the shard of a message.
func shard(path string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(path))
	return int(h.Sum32() % shards)
}

func prefix(shard int) string { return "msgext:{" + strconv.Itoa(shard) + "}:" }

// Indexes of keys that Go code reads without a script.
const (
	headKey = iota
	entriesKey
	seenKey
	baseKey

	schemaKey = 9
)

// keys returns KEYS of the scripts that work on one message, see lua/rules.lua.
func keys(path string) []string {
	n := shard(path)
	p := prefix(n)
	return []string{p + "head:" + path, p + "entries:" + path, p + "seen:" + path, p + "base:" + path,
		laneKey(n, state.FirstChecks), laneKey(n, state.Retries), laneKey(n, state.Announced), p + "open", p + "all", p + "schema"}
}

// laneKey returns the index of a lane in a shard. The first lane's index has the name of the only
// index of schema 1.
func laneKey(shard int, lane state.Lane) string {
	switch lane {
	case state.Retries:
		return prefix(shard) + "retries"
	case state.Announced:
		return prefix(shard) + "announced"
	}
	return prefix(shard) + "due"
}
