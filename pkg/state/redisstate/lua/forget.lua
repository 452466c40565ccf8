-- ARGV: path.
redis.call('DEL', head, entries, seen, base)
redis.call('ZREM', index, ARGV[1])
return 1
