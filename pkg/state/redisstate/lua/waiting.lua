-- KEYS: a lane of one shard. ARGV: before, limit, the due and path of the cursor or '' and ''.
-- Returns paths and scores after the cursor. Its place is that of its path, which need not be in
-- this lane: it is put there for a moment where others are due at the same millisecond.
local from = 0
if ARGV[3] ~= '' then
  from = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[3])
  if redis.call('ZCOUNT', KEYS[1], ARGV[3], ARGV[3]) > 0 then
    local score = redis.call('ZSCORE', KEYS[1], ARGV[4])
    redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
    from = redis.call('ZRANK', KEYS[1], ARGV[4])
    if not score then
      redis.call('ZREM', KEYS[1], ARGV[4])
    elseif tonumber(score) ~= tonumber(ARGV[3]) then
      redis.call('ZADD', KEYS[1], score, ARGV[4])
      if tonumber(score) < tonumber(ARGV[3]) then from = from + 1 end
    else
      from = from + 1
    end
  end
end
local found, waiting = redis.call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[2]) - 1, 'WITHSCORES'), {}
for i = 1, #found, 2 do
  if tonumber(found[i + 1]) > tonumber(ARGV[1]) then break end
  waiting[i], waiting[i + 1] = found[i], found[i + 1]
end
return waiting
