-- ARGV: the head's fields. Returns nothing for an unknown message.
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
return { redis.call('HMGET', KEYS[1], unpack(ARGV)), redis.call('ZRANGE', KEYS[3], 0, -1), redis.call('HGETALL', KEYS[2]),
  redis.call('GET', KEYS[4]) }
