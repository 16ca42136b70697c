"""The Lua scripts that read; each is one consistent look at one account's keys."""

from __future__ import annotations

from connectors.redis.connection import Script

PAGE = Script(
    """
-- A page of a sorted set. KEYS[1]: the set. ARGV: up|down, limit, cursor's score or '', cursor's member,
-- and where a hash field of each member is wanted: the begin of the hashes' keys, the field.
local function before(a, b)  -- in the order of bytes, which the locale does not change
  for i = 1, math.min(#a, #b) do
    local x, y = a:byte(i), b:byte(i)
    if x ~= y then return x < y end
  end
  return #a < #b
end
local set, limit, score, member = KEYS[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local total = redis.call('ZCARD', set)
local is_up = ARGV[1] == 'up'
local first, last = 0, total - 1
if score ~= '' then
  local low, high
  local now = redis.call('ZSCORE', set, member)
  if now and tonumber(now) == tonumber(score) then
    low = redis.call('ZRANK', set, member)
    high = low + 1
  else  -- the member is gone: the place where it would be
    low = redis.call('ZCOUNT', set, '-inf', '(' .. score)
    high = redis.call('ZCOUNT', set, '-inf', score)
    while low < high do
      local middle = math.floor((low + high) / 2)
      if before(member, redis.call('ZRANGE', set, middle, middle)[1]) then high = middle else low = middle + 1 end
    end
    high = low
  end
  if is_up then first = high else last = low - 1 end
end
local from, to = first, math.min(last, first + limit - 1)
if not is_up then from, to = math.max(first, last - limit + 1), last end
local has_more = is_up and to < last or not is_up and from > first
local rows = {}
if from <= to then rows = redis.call('ZRANGE', set, from, to, 'WITHSCORES') end
local answer = {total, has_more and 1 or 0}
for i = 1, #rows, 2 do
  local k = is_up and i or #rows - i
  answer[#answer + 1] = rows[k]
  answer[#answer + 1] = rows[k + 1]
  answer[#answer + 1] = ARGV[5] and redis.call('HGET', ARGV[5] .. rows[k], ARGV[6]) or false
end
return answer
""",
    only_reads=True,
)

SIZES = Script(
    """
-- Names with the size of each one's sorted set. KEYS[1]: the set of names. ARGV: the begin of the sorted sets' keys.
local answer = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  answer[#answer + 1] = name
  answer[#answer + 1] = redis.call('ZCARD', ARGV[1] .. name)
end
return answer
""",
    only_reads=True,
)
