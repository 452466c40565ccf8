-- ARGV: path, the revision it must have, or '' for any. Returns 0 where nothing was erased.
local path, revision = ARGV[1], ARGV[2]
if revision ~= '' and redis.call('HGET', KEYS[1], 'revision') ~= revision then return 0 end
local known = redis.call('EXISTS', KEYS[1])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], path)
redis.call('ZREM', KEYS[6], path)
redis.call('ZREM', KEYS[7], path)
redis.call('ZREM', KEYS[8], path)
redis.call('ZREM', KEYS[9], path)
return known
