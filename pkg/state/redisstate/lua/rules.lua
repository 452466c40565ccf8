-- What every script below shares. Versions come as 19 digits, because a Lua number is a double: of
-- equal length, their order as text is their order, in any locale. The one before version 0 is the
-- empty text. Times, revisions and numbers of reads are below 2^53, which a double holds; 0 is
-- none.
--
-- KEYS of a message: 1 head, 2 entries, 3 seen, 4 base. KEYS of its shard: 5, 6 and 7 the lanes of
-- first checks, retries and announced messages, by due; 8 the messages that are not settled, by
-- standing; 9 all messages; 10 the schema's version. They are named literally, because some proxies
-- route by what they read.
local schema = 2
local none = '0000000000000000000'

local written = redis.call('GET', KEYS[10])
if written and tonumber(written) > schema then return redis.error_reply('MSGEXTSCHEMA newer') end

local function greatest(a, b)
  if a and a > b then return a end
  return b
end

-- put takes distinct keys, each followed by its entry, from an argument on; in parts, because
-- unpack takes no more than some thousand.
local function put(from)
  -- An entry is its version, 1 for a tombstone or else 0, and the value, so that msgext.Entry.Before
  -- is the order of bytes. Lua's own order of strings is the locale's, which digits alone survive.
  local function before(a, b)
    local x, y = a:sub(1, 20), b:sub(1, 20)
    if x ~= y then return x < y end
    local same, most = 0, math.min(#a, #b) -- the common prefix is as long as same, at most as most
    while same < most do
      local middle = math.ceil((same + most) / 2)
      if a:sub(same + 1, middle) == b:sub(same + 1, middle) then same = middle else most = middle - 1 end
    end
    return (a:byte(same + 1) or -1) < (b:byte(same + 1) or -1)
  end
  for first = from, #ARGV, 2000 do
    local keys, n, changed, m = {}, 0, {}, 0
    for i = first, math.min(first + 1998, #ARGV), 2 do
      n = n + 1
      keys[n] = ARGV[i]
    end
    local have = redis.call('HMGET', KEYS[2], unpack(keys))
    for i = 1, n do
      local entry = ARGV[first + 2 * i - 1]
      if not have[i] or before(have[i], entry) then
        changed[m + 1], changed[m + 2] = keys[i], entry
        m = m + 2
      end
    end
    if m > 0 then redis.call('HSET', KEYS[2], unpack(changed)) end
  end
end

-- raised returns the floor raised to a version, and over the seen ones that follow it, which are
-- then forgotten.
local function raised(floor, version)
  local function following(version)
    if version == '' then return none end
    local low = tonumber(version:sub(10)) + 1
    if low < 1e10 then return version:sub(1, 9) .. string.format('%010.0f', low) end
    return string.format('%09.0f', tonumber(version:sub(1, 9)) + 1) .. '0000000000'
  end
  local reached, seen = greatest(floor, version), redis.call('ZRANGE', KEYS[3], 0, -1)
  for _, next in ipairs(seen) do
    if next > following(reached) then break end
    reached = greatest(next, reached)
  end
  if #seen > 0 then redis.call('ZREMRANGEBYLEX', KEYS[3], '-', '[' .. reached) end
  return reached
end

-- marked notes that a version is completely handled, and returns the floor that the head is then to
-- have. previous is the version before it. What is seen is above the floor, not above latest, and
-- never the version after the floor.
local function marked(latest, floor, version, previous, limit)
  floor = floor or none
  if floor == previous then
    if (latest or none) <= version then return version end -- so nothing is seen
    return raised(floor, version)
  end
  if floor < version and redis.call('ZCARD', KEYS[3]) < tonumber(limit) then
    redis.call('ZADD', KEYS[3], 0, version)
  end
  return floor
end

-- create gives a message that is not known its first revision, and its place among all.
local function create(path, revision)
  redis.call('HSET', KEYS[1], 'revision', revision)
  redis.call('ZADD', KEYS[9], 0, path)
end

-- schedule puts a message into its lane, and nowhere else. The index always says what the head
-- says.
local function schedule(path, lane, due)
  redis.call('HSET', KEYS[1], 'due', due)
  if due ~= '0' and lane == 0 then redis.call('ZADD', KEYS[5], due, path) else redis.call('ZREM', KEYS[5], path) end
  if due ~= '0' and lane == 1 then redis.call('ZADD', KEYS[6], due, path) else redis.call('ZREM', KEYS[6], path) end
  if due ~= '0' and lane == 2 then redis.call('ZADD', KEYS[7], due, path) else redis.call('ZREM', KEYS[7], path) end
end

-- place brings lane and standing up to what the head says, see state.Check.
local function place(path)
  local have = redis.call('HMGET', KEYS[1], 'due', 'tries', 'heard', 'announced', 'doubted', 'over', 'dropped', 'gave')
  for i = 1, 8 do have[i] = have[i] or '0' end
  local lane, standing = 0, 0
  if have[4] ~= '0' and have[3] == '0' and have[5] == '0' then lane = 2 elseif have[2] ~= '0' then lane = 1 end
  schedule(path, lane, have[1])
  if have[8] ~= '0' then
    standing = 2
  elseif have[2] ~= '0' or have[5] ~= '0' or have[7] ~= '0' or have[6] ~= '0' and have[6] ~= none then
    standing = 1
  end
  if standing == 0 then redis.call('ZREM', KEYS[8], path) else redis.call('ZADD', KEYS[8], standing, path) end
end
