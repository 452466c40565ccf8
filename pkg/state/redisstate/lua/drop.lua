-- ARGV: path, version, the one before it, due. Returns 0 for an unknown message.
local version, previous = ARGV[2], ARGV[3]
local have = call('HMGET', head, 'latest', 'floor', 'clear')
if not have[1] then return 0 end
if have[1] > version then call('HSET', head, 'latest', version) end
if (have[2] or none) > previous then call('HSET', head, 'floor', previous) end
if have[3] and have[3] > version then call('HSET', head, 'clear', none) end
call('HSET', head, 'ahead', '0')
call('HINCRBY', head, 'revision', 1)
schedule(ARGV[1], ARGV[4])
call('ZREMRANGEBYLEX', seen, '[' .. version, '+')
local all = call('HGETALL', entries)
for i = 1, #all, 2 do
  if all[i + 1]:sub(1, 19) > version then call('HDEL', entries, all[i]) end
end
return 1
