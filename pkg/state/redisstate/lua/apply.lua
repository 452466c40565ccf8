-- ARGV: path, latest, clear, heard, version to mark or '', limit of seen, least version of an entry
-- or '', then each key and its entry.
local path, heard = ARGV[1], ARGV[4]
local have = redis.call('HMGET', KEYS[1], 'latest', 'clear', 'heard', 'due', 'floor', 'revision', 'tries')
local newest, due = have[3] or '0', have[4] or '0'
if newest == '0' or tonumber(newest) < tonumber(heard) then newest = heard end
if due == '0' or tonumber(heard) < tonumber(due) then due = heard end
if not have[6] then redis.call('ZADD', KEYS[9], 0, path) end
local floor = have[5] or none
if ARGV[5] ~= '' then floor = marked(have[1], floor, ARGV[5], ARGV[6]) end
-- One command for all fields: each costs as much as deciding what it writes.
redis.call('HSET', KEYS[1], 'latest', greatest(have[1], ARGV[2]), 'clear', greatest(have[2], ARGV[3]), 'heard', newest,
  'tries', '0', 'told', '0', 'gave', '0', 'floor', floor, 'revision', string.format('%.0f', tonumber(have[6] or heard) + 1))
-- It was in this lane already, unless it was tried, or announced and not heard of.
if due ~= have[4] or (have[7] or '0') ~= '0' or not have[3] then schedule(path, 0, due) end
if ARGV[7] ~= '' and ARGV[7] > (have[1] or '') and #ARGV < 2000 then
  redis.call('HSET', KEYS[2], unpack(ARGV, 8)) -- newer than all there is: no entry is newer than latest
else
  put(8)
end
return 1
