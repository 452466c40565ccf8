-- ARGV: path, version, the one before it, due. Returns 0 for an unknown message.
local version, previous = ARGV[2], ARGV[3]
local have = redis.call('HMGET', head, 'latest', 'floor', 'clear')
if not have[1] then return 0 end
if have[1] > version then redis.call('HSET', head, 'latest', version) end
if (have[2] or none) > previous then redis.call('HSET', head, 'floor', previous) end
if have[3] and have[3] > version then redis.call('HSET', head, 'clear', none) end
redis.call('HSET', head, 'ahead', '0')
redis.call('HINCRBY', head, 'revision', 1)
schedule(ARGV[1], ARGV[4])
redis.call('ZREMRANGEBYLEX', seen, '[' .. version, '+')
local all = redis.call('HGETALL', entries)
for i = 1, #all, 2 do
  if all[i + 1]:sub(1, 19) > version then redis.call('HDEL', entries, all[i]) end
end
return 1
