-- ARGV: path. Brings the indexes of a message that schema 1 wrote up to this one's.
local have = redis.call('HMGET', KEYS[1], 'latest', 'revision')
if not (have[1] or have[2]) then return 0 end
if not have[2] then redis.call('HSET', KEYS[1], 'revision', '1') end
redis.call('ZADD', KEYS[9], 0, ARGV[1])
place(ARGV[1])
return 1
