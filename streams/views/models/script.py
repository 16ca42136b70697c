"""The Lua script that applies records: data and offsets in one transaction of one account.

Lua runs as one transaction, and so does what a server that dies in between has on its disk. A record below the offset
that Redis has for its partition is passed over, so that a repeat counts once. An offset below the one that the writer
knows of says that Redis went back in time or lost the account: nothing is applied then.
"""

from __future__ import annotations

from connectors.redis.connection import Script
from streams.views.models import changes, contacts, leads, members, revenue

OK = b"ok"
BEHIND = b"behind"

ARITY = {**contacts.ARITY, **members.ARITY, **leads.ARITY, **revenue.ARITY, **changes.ARITY}
"""How many arguments the function of a code gets."""

_HEAD = """
-- KEYS[1]: the account's offsets, which end its `base` of keys, all of one hash tag. ARGV: the number of partitions;
-- of each the field, the offset that the writer knows of, the next offset; then operations: code, which partition,
-- offset, arguments. Answer: 'ok' and the next offset of each partition, or 'behind'.
local offsets = KEYS[1]
local base = offsets:sub(1, -8)
local feed = {}
local apply = {}
"""

_TAIL = """
local count, i = tonumber(ARGV[1]), 2
local fields, known, following = {}, {}, {}
for p = 1, count do
  fields[p], known[p], following[p] = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  i = i + 3
end
local there = {}
for p, offset in ipairs(redis.call('HMGET', offsets, unpack(fields))) do
  there[p] = tonumber(offset or '0')
  if there[p] < known[p] then return {'behind'} end
end
while i <= #ARGV do
  local code, p, offset = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local last = i + 2 + ARITY[code]
  if offset >= there[p] then apply[code](unpack(ARGV, i + 3, last)) end
  i = last + 1
end
local answer, changed = {'ok'}, {}
for p = 1, count do
  local offset = math.max(there[p], following[p])
  answer[p + 1] = offset
  if offset > there[p] then
    changed[#changed + 1] = fields[p]
    changed[#changed + 1] = string.format('%.0f', offset)
  end
end
if feed.ms then
  changed[#changed + 1] = 'feed'
  changed[#changed + 1] = string.format('%.0f-%d', feed.ms, feed.number)
end
if #changed > 0 then redis.call('HSET', offsets, unpack(changed)) end
return answer
"""


def _arity_table() -> str:
    return "local ARITY = {" + ", ".join(f"{code} = {count}" for code, count in ARITY.items()) + "}\n"


APPLY = Script(
    _HEAD
    + changes.HELPERS_LUA
    + "".join(model.LUA for model in (contacts, members, leads, revenue, changes))
    + _arity_table()
    + _TAIL
)
