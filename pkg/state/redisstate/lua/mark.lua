-- ARGV: version, the one before it, limit of seen.
local have = call('HMGET', head, 'latest', 'floor')
call('HSET', head, 'latest', greatest(have[1], ARGV[1]))
mark(have[2], ARGV[1], ARGV[2], ARGV[3])
return 1
