-- ARGV: path, version, the one before it, dropped as loaded, now, due. Returns 0 for an unknown
-- message, 2 where something was dropped since it was loaded.
local version, previous = ARGV[2], ARGV[3]
local have = redis.call('HMGET', KEYS[1], 'latest', 'floor', 'clear', 'read', 'dropped', 'heard', 'revision')
if not (have[1] or have[7]) then return 0 end
if (have[5] or '0') ~= ARGV[4] then return 2 end
local heard, dropped = have[6] or '0', ARGV[5]
if tonumber(heard) > tonumber(dropped) then dropped = heard end
if have[5] and tonumber(have[5]) >= tonumber(dropped) then dropped = string.format('%.0f', tonumber(have[5]) + 1) end
if have[1] and have[1] > version then redis.call('HSET', KEYS[1], 'latest', version) end
if (have[2] or none) > previous then redis.call('HSET', KEYS[1], 'floor', previous) end
if have[3] and have[3] > version then redis.call('HSET', KEYS[1], 'clear', none) end
if have[4] and have[4] > version then redis.call('HSET', KEYS[1], 'read', version) end
redis.call('HSET', KEYS[1], 'ahead', '0', 'over', none, 'dropped', dropped, 'due', ARGV[6], 'tries', '0')
redis.call('HINCRBY', KEYS[1], 'revision', 1)
redis.call('ZREMRANGEBYLEX', KEYS[3], '[' .. version, '+')
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  if all[i + 1]:sub(1, 19) > version then redis.call('HDEL', KEYS[2], all[i]) end
end
place(ARGV[1])
return 1
