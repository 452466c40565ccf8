-- What every script below shares. Versions come as 19 digits, because a Lua number is a double:
-- of equal length, their order as text is their order, in any locale. The one before version 0 is
-- the empty text. Times are milliseconds, which a double holds, and 0 for none.
local head, entries, seen, base, index = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local call = redis.call
local none = '0000000000000000000'

local function greatest(a, b)
  if a and a > b then return a end
  return b
end

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

-- put takes distinct keys, each followed by its entry, from an argument on; in parts, because unpack
-- takes no more than some thousand.
local function put(from)
  for first = from, #ARGV, 2000 do
    local keys, n, changed, m = {}, 0, {}, 0
    for i = first, math.min(first + 1998, #ARGV), 2 do
      n = n + 1
      keys[n] = ARGV[i]
    end
    local have = call('HMGET', entries, unpack(keys))
    for i = 1, n do
      local entry = ARGV[first + 2 * i - 1]
      if not have[i] or before(have[i], entry) then
        changed[m + 1], changed[m + 2] = keys[i], entry
        m = m + 2
      end
    end
    if m > 0 then call('HSET', entries, unpack(changed)) end
  end
end

-- The version after the floor raises it at once, which in ordinary traffic keeps seen empty.
local function mark(floor, version, previous, limit)
  floor = floor or none
  if floor == previous then
    call('HSET', head, 'floor', version)
    call('ZREM', seen, version)
  elseif floor < version and call('ZCARD', seen) < tonumber(limit) then
    call('ZADD', seen, 0, version)
  end
end

-- The index always says what the head says.
local function schedule(path, due)
  call('HSET', head, 'due', due)
  if due == '0' then call('ZREM', index, path) else call('ZADD', index, due, path) end
end
