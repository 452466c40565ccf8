package redisstate

import (
	"embed"
	"hash/fnv"
	"strconv"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var sources embed.FS

// scripts are the Lua behind the calls; lua/rules.lua goes before each but heads. Redis knows a script
// by its digest and forgets it with a restart: then redis.Script sends it whole.
type scripts struct {
	apply, mark, merge, checked, drop, sweep, forget, load *redis.Script

	heads string // sent whole: in a pipeline nobody could send it again
}

func newScripts() (scripts, error) {
	var s scripts
	rules, err := sources.ReadFile("lua/rules.lua")
	if err != nil {
		return scripts{}, explain(err)
	}
	for name, script := range map[string]**redis.Script{
		"apply": &s.apply, "mark": &s.mark, "merge": &s.merge, "checked": &s.checked,
		"drop": &s.drop, "sweep": &s.sweep, "forget": &s.forget, "load": &s.load,
	} {
		source, err := sources.ReadFile("lua/" + name + ".lua")
		if err != nil {
			return scripts{}, explain(err)
		}
		*script = redis.NewScript(string(rules) + string(source))
	}
	heads, err := sources.ReadFile("lua/heads.lua")
	s.heads = string(heads)
	return s, explain(err)
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

// keys returns KEYS of all scripts but heads: a hash, a hash by key, a sorted set of versions and a string
// for the message, and a sorted set by due for its shard.
func keys(path string) []string {
	p := prefix(shard(path))
	return []string{p + "head:" + path, p + "entries:" + path, p + "seen:" + path, p + "base:" + path, p + "due"}
}
