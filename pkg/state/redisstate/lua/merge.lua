-- ARGV: path, number, after, due if the read creates the message, latest, the read's latest, the
-- read, then each newer key and its entry. Returns 2 where another read was merged since this one
-- began. Entries at or below the read can no longer decide anything; they go.
local path, number = ARGV[1], ARGV[2]
local have = redis.call('HMGET', KEYS[1], 'latest', 'read', 'number', 'revision')
local stands = have[3] or '0'
local again = stands == number and redis.call('GET', KEYS[4]) == ARGV[7]
if not again and (stands ~= ARGV[3] or tonumber(number) <= tonumber(ARGV[3])) then return 2 end
local read = greatest(have[2], ARGV[6])
if not have[4] then create(path, number) end
redis.call('HSET', KEYS[1], 'latest', greatest(have[1], ARGV[5]), 'read', read, 'number', number)
redis.call('SET', KEYS[4], ARGV[7])
if not have[4] then schedule(path, 0, ARGV[4]) end
put(8)
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  if all[i + 1]:sub(1, 19) <= read then redis.call('HDEL', KEYS[2], all[i]) end
end
return 1
