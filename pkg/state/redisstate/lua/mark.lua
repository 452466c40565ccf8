-- ARGV: version, the one before it, limit of seen.
redis.call('HSET', head, 'latest', greatest(redis.call('HGET', head, 'latest'), ARGV[1]))
mark(ARGV[1], ARGV[2], ARGV[3])
