-- ARGV: version, the one before it, limit of seen. Of an unknown message nothing is noted.
local have = redis.call('HMGET', KEYS[1], 'latest', 'floor', 'revision')
if not (have[1] or have[3]) then return 0 end
redis.call('HSET', KEYS[1], 'latest', greatest(have[1], ARGV[1]), 'floor', marked(have[1], have[2], ARGV[1], ARGV[2], ARGV[3]))
return 1
