-- ARGV: path, latest, clear or '', heard, version to mark or '', the one before it, limit of seen,
-- least version of an entry or '', then each key and its entry.
local path, heard = ARGV[1], ARGV[4]
local have = redis.call('HMGET', KEYS[1], 'latest', 'heard', 'due', 'floor', 'revision', 'tries')
local newest, due, floor = have[2] or '0', have[3] or '0', have[4] or none
if heard - newest > 0 then newest = heard end
if due == '0' or due - heard > 0 then due = heard end
if not have[5] then redis.call('ZADD', KEYS[9], 0, path) end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'clear', greatest(redis.call('HGET', KEYS[1], 'clear'), ARGV[3])) end
if ARGV[5] ~= '' then floor = marked(have[1], floor, ARGV[5], ARGV[6], ARGV[7]) end
-- One command for all fields: each costs as much as deciding what it writes.
redis.call('HSET', KEYS[1], 'latest', greatest(have[1], ARGV[2]), 'heard', newest, 'tries', '0', 'told', '0', 'gave', '0',
  'floor', floor, 'revision', string.format('%d', (have[5] or heard) + 1))
-- It was in this lane already, unless it was tried, or announced and not heard of.
if due ~= have[3] or (have[6] or '0') ~= '0' or not have[2] then schedule(path, 0, due) end
if ARGV[8] ~= '' and ARGV[8] > (have[1] or '') and #ARGV < 2000 then
  redis.call('HSET', KEYS[2], unpack(ARGV, 9)) -- newer than all there is: no entry is newer than latest
else
  put(9)
end
return 1
