-- ARGV: the head's fields. Returns nothing for an unknown message.
if call('EXISTS', head) == 0 then return false end
return { call('HMGET', head, unpack(ARGV)), call('ZRANGE', seen, 0, -1), call('HGETALL', entries), call('GET', base) }
