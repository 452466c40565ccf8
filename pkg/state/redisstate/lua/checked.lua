-- ARGV: path, floor, revision, due, tries, told, ahead. Returns 0 for an unknown message.
local have = call('HMGET', head, 'latest', 'floor', 'revision')
if not have[1] then return 0 end
local floor = greatest(have[2], ARGV[2])
call('HSET', head, 'latest', greatest(have[1], ARGV[2]), 'floor', floor)
call('ZREMRANGEBYLEX', seen, '-', '[' .. floor)
if (have[3] or '0') == ARGV[3] then
  call('HSET', head, 'tries', ARGV[5], 'told', ARGV[6], 'ahead', ARGV[7])
  schedule(ARGV[1], ARGV[4])
end
return 1
