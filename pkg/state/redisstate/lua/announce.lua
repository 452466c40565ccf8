-- ARGV: path, at, due. Only the first announcement changes anything.
local path, at, first = ARGV[1], ARGV[2], ARGV[3]
local have = redis.call('HMGET', KEYS[1], 'announced', 'heard', 'due', 'revision')
if (have[1] or '0') ~= '0' then return 1 end
redis.call('HSET', KEYS[1], 'announced', at)
if (have[2] or '0') == '0' then
  if not have[4] then create(path, at) end
  redis.call('HINCRBY', KEYS[1], 'revision', 1)
  local due = have[3] or '0'
  if due == '0' or tonumber(first) < tonumber(due) then redis.call('HSET', KEYS[1], 'due', first) end
  place(path)
end
return 1
