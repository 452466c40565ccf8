-- ARGV: latest, the read's latest, the read, then each newer key and its entry. Entries at or below
-- the read can no longer decide anything; they go.
local have = call('HMGET', head, 'latest', 'read')
call('HSET', head, 'latest', greatest(have[1], ARGV[1]))
put(4)
if not have[2] or have[2] < ARGV[2] then
  call('SET', base, ARGV[3])
  call('HSET', head, 'read', ARGV[2])
  local all = call('HGETALL', entries)
  for i = 1, #all, 2 do
    if all[i + 1]:sub(1, 19) <= ARGV[2] then call('HDEL', entries, all[i]) end
  end
end
return 1
