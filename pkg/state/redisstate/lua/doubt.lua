-- ARGV: path, at, 1 if a webhook doubts it, else 0.
local path, at = ARGV[1], ARGV[2]
local have = redis.call('HMGET', KEYS[1], 'revision', 'due', 'heard', 'dropped')
if not have[1] then create(path, at) end
local revision = redis.call('HINCRBY', KEYS[1], 'revision', 1)
local due, heard, dropped = have[2] or '0', have[3] or '0', have[4] or '0'
if due == '0' or tonumber(at) < tonumber(due) then due = at end
if ARGV[3] == '1' and tonumber(heard) < tonumber(at) then heard = at end
if tonumber(dropped) < tonumber(at) then dropped = at end
redis.call('HSET', KEYS[1], 'doubted', string.format('%.0f', revision), 'dropped', dropped, 'heard', heard, 'due', due,
  'tries', '0', 'told', '0', 'gave', '0')
place(path)
return 1
