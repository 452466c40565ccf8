-- ARGV: path.
call('DEL', head, entries, seen, base)
call('ZREM', index, ARGV[1])
return 1
