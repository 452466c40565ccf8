-- KEYS: head and seen of each message, of one shard. ARGV: the head's fields.
local heads = {}
for i = 1, #KEYS, 2 do
  heads[#heads + 1] = { redis.call('HMGET', KEYS[i], unpack(ARGV)), redis.call('ZRANGE', KEYS[i + 1], 0, -1) }
end
return heads
