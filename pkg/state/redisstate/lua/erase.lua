-- ARGV: path, the revision it must have, or '' for any. Returns 0 where nothing was erased.
local revision = redis.call('HGET', KEYS[1], 'revision')
if ARGV[2] ~= '' and revision ~= ARGV[2] then return 0 end
local known = redis.call('EXISTS', KEYS[1])
erase(ARGV[1])
return known
