-- ARGV: path, latest, clear, heard, version to mark or '', the one before it, limit of seen, then
-- each key and its entry.
local path, latest, clear, heard = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local have = call('HMGET', head, 'latest', 'clear', 'heard', 'due', 'floor')
local newest, due = have[3] or '0', have[4] or '0'
if newest == '0' or tonumber(newest) < tonumber(heard) then newest = heard end
if due == '0' or tonumber(heard) < tonumber(due) then due = heard end
call('HSET', head, 'latest', greatest(have[1], latest), 'clear', greatest(have[2], clear), 'heard', newest, 'tries', '0', 'told', '0')
call('HINCRBY', head, 'revision', 1)
if due ~= have[4] then schedule(path, due) end
put(8)
if ARGV[5] ~= '' then mark(have[5], ARGV[5], ARGV[6], ARGV[7]) end
return 1
