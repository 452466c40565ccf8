-- ARGV: the head's fields. Returns nothing for an unknown message.
if redis.call('EXISTS', head) == 0 then return false end
return { redis.call('HMGET', head, unpack(ARGV)), redis.call('ZRANGE', seen, 0, -1), redis.call('HGETALL', entries), redis.call('GET', base) }
