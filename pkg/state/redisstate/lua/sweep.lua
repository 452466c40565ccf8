-- ARGV: revision, the number of the read, then each key and the start of its entry. What goes was
-- worked out from the message as it then was: a read that came meanwhile may need a tombstone.
local have = redis.call('HMGET', KEYS[1], 'revision', 'number')
if (have[1] or '0') ~= ARGV[1] or (have[2] or '0') ~= ARGV[2] then return 1 end
for i = 3, #ARGV, 2 do
  local entry = redis.call('HGET', KEYS[2], ARGV[i])
  if entry and entry:sub(1, 20) == ARGV[i + 1] then redis.call('HDEL', KEYS[2], ARGV[i]) end
end
return 1
