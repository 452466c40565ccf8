-- ARGV: path, revision, dropped, started, floor, settles, decided, read, the read's latest, since,
-- over, due, tries, told, gave, gone; each as state.Outcome says. Returns 0 for an unknown message.
local path, revision = ARGV[1], ARGV[2]
local have = redis.call('HMGET', KEYS[1], 'latest', 'floor', 'revision', 'dropped', 'over', 'doubted', 'due')
if not (have[1] or have[3]) then return 0 end
local dropped, due = have[4] or '0', have[7] or '0'
if dropped == ARGV[3] then
  redis.call('HSET', KEYS[1], 'latest', greatest(have[1], ARGV[5]), 'floor', raised(have[2] or none, ARGV[5]))
  if ARGV[8] == '1' and (have[5] or none) <= ARGV[9] then
    redis.call('HSET', KEYS[1], 'ahead', ARGV[10], 'over', ARGV[11])
  end
end
if ARGV[6] == '1' then
  if tonumber(have[6] or '0') <= tonumber(revision) then redis.call('HSET', KEYS[1], 'doubted', '0') end
  if tonumber(dropped) < tonumber(ARGV[7]) then redis.call('HSET', KEYS[1], 'dropped', '0') end
end
if (have[3] or '0') == revision then
  redis.call('HSET', KEYS[1], 'due', ARGV[12], 'tries', ARGV[13], 'told', ARGV[14], 'gave', ARGV[15], 'gone', ARGV[16])
elseif due ~= '0' and tonumber(due) < tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], 'due', ARGV[4])
end
place(path)
return 1
