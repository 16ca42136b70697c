"""Changes: `segment-changes`, `lead-changes` and `crm-results` to timelines, feeds and segment sizes over time."""

from __future__ import annotations

import re
from hashlib import blake2b

import msgspec

from schemas.events.base import DEFAULT_ACCOUNT
from schemas.values import instant_ms, instant_text, normalize_contact_id
from streams.kafka.protocols import ConsumedRecord
from streams.views.bounds import ACCOUNT_CHANGES, HOURS, MINUTES, SUBJECT_CHANGES, TIMELINE_CHANGES
from streams.views.models.contacts import contact_hash
from streams.views.models.operation import NotAnOutput, Operation, Reach, key_parts

HELPERS_LUA = """
-- Entries of a timeline are "PLACE POSITION SUBJECT JSON"; the same change is in two feeds at POSITION.
local function drop_changes(contact, entries)
  for _, entry in ipairs(entries) do
    local position, subject = entry:match('^%S+ (%S+) (%S+) ')
    redis.call('XDEL', base .. 'changes', position)
    redis.call('XDEL', base .. 'changes:' .. subject, position)
    redis.call('ZREM', base .. 'timeline:' .. contact, entry)
  end
end

-- When the newest entry was written (ms); nil where there is none.
local function newest_of(timeline)
  return tonumber(redis.call('ZRANGE', timeline, -1, -1, 'WITHSCORES')[2])
end
"""

LUA = (
    f"""
local TIMELINE, FEED, SUBJECT_FEED = {TIMELINE_CHANGES}, {ACCOUNT_CHANGES}, {SUBJECT_CHANGES}
local STEPS = {{{{'m', 60000, {MINUTES}}}, {{'h', 3600000, {HOURS}}}}}
"""
    + """
-- A position for the feeds: the time of writing, never going back. The last one stands beside the offsets.
local function next_position(ms)
  if not feed.ms then
    local ms_text, number = (redis.call('HGET', offsets, 'feed') or '0-0'):match('^(%d+)-(%d+)$')
    feed.ms, feed.number = tonumber(ms_text), tonumber(number)
  end
  if ms > feed.ms then feed.ms, feed.number = ms, 0 else feed.number = feed.number + 1 end
  return string.format('%.0f-%d', feed.ms, feed.number)
end

local function count_flow(segment, direction, at)
  local flow = base .. 'flow:' .. segment
  for _, step in ipairs(STEPS) do
    redis.call('HINCRBY', flow, string.format('%s:%.0f:%s', step[1], math.floor(at / step[2]), direction), 1)
  end
  if redis.call('HLEN', flow) < 2.5 * (STEPS[1][3] + STEPS[2][3]) then return end
  for _, step in ipairs(STEPS) do  -- too many: only the latest steps stay
    local numbers, is_there = {}, {}
    for _, field in ipairs(redis.call('HKEYS', flow)) do
      local kind, number = field:match('^(%a):(%-?%d+):')
      if kind == step[1] and not is_there[number] then
        is_there[number] = true
        numbers[#numbers + 1] = tonumber(number)
      end
    end
    table.sort(numbers)
    for i = 1, #numbers - step[3] do
      local field = string.format('%s:%.0f:', step[1], numbers[i])
      redis.call('HDEL', flow, field .. 'in', field .. 'out')
    end
  end
end

-- Results of a CRM are stamped by brokers and outputs by workers, whose clocks may differ: they are not compared.
local function is_of_erased(contact, hash, at, ms, is_result, needs_row)
  local erased = redis.call('ZSCORE', base .. 'erased', hash)
  if erased and not is_result and tonumber(erased) >= ms then return true end
  local created = redis.call('HGET', base .. 'contact:' .. contact, 'created')
  if not created then
    if is_result and erased then return true end
    -- An account of an early engine version has no rows at all.
    return needs_row == '1' and redis.call('EXISTS', base .. 'contacts') == 1
  end
  return at < created  -- of a contact that was erased and began again
end

local function is_repeat(timeline, place)
  for _, entry in ipairs(redis.call('ZRANGE', timeline, 0, -1)) do
    if entry:sub(1, #place) == place then return true end
  end
  return false
end

-- `at` is text; `written` is when it was written, and `keep` how long it is kept (ms, -1 for ever).
apply.change = function(contact, hash, place, subject, direction, at, at_ms, written, keep, needs_row, json)
  if direction ~= '' then count_flow(subject:sub(9), direction, tonumber(at_ms)) end
  local ms = tonumber(written)
  local is_result = place:sub(1, 1) == 'r'
  if is_of_erased(contact, hash, at, ms, is_result, needs_row) then return end
  local timeline = base .. 'timeline:' .. contact
  if is_result and is_repeat(timeline, place) then return end
  local position = next_position(ms)
  redis.call('XADD', base .. 'changes', 'MAXLEN', '~', FEED, position, 'json', json)
  redis.call('XADD', base .. 'changes:' .. subject, 'MAXLEN', '~', SUBJECT_FEED, position, 'json', json)
  redis.call('ZADD', timeline, ms, table.concat({place, position, subject, json}, ' '))
  local surplus = redis.call('ZCARD', timeline) - TIMELINE
  if surplus > 0 then drop_changes(contact, redis.call('ZRANGE', timeline, 0, surplus - 1)) end
  if tonumber(keep) >= 0 then
    local newest = newest_of(timeline)
    -- A contact that goes on changing keeps its timeline, not what is older than changes are kept.
    local horizon = string.format('(%.0f', newest - tonumber(keep))
    drop_changes(contact, redis.call('ZRANGEBYSCORE', timeline, '-inf', horizon))
    redis.call('PEXPIREAT', timeline, string.format('%.0f', newest + tonumber(keep)))
  end
end
"""
)
ARITY = {"change": 11}
WEIGHT = 20

MAX_CONTACT = 255
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,100}")

_MEMBER_TYPES = {"segment.entered": "in", "segment.exited": "out"}
_LEAD_TYPES = frozenset({"lead.status_changed", "lead.points_changed"})
_RESULT_TYPES = frozenset({"crm.linked", "crm.failed", "crm.outcome"})


class _PlaceNumber(msgspec.Struct):
    offset: int
    ordinal: int


class _Change(msgspec.Struct):
    type: str
    at: str
    number: _PlaceNumber
    segment: str = ""
    campaign: str = ""


class _Result(msgspec.Struct):
    id: str
    type: str
    at: str
    campaign: str
    account: str = DEFAULT_ACCOUNT
    contact: str = ""


_decode = msgspec.json.Decoder(_Change).decode
_decode_result = msgspec.json.Decoder(_Result).decode


class ChangeModel:
    """The operations of changes, which are kept for `retention` ms after they were written (-1: for ever)."""

    def __init__(self, retention: int, normalize_ids: bool) -> None:
        self._retention = retention
        self._normalize_ids = normalize_ids

    def output_operation(self, record: ConsumedRecord, reach: Reach) -> Operation:
        """The operation of a record of `segment-changes` or `lead-changes`. Raises NotAnOutput."""
        account, contact = key_parts(record, 2)
        if record.value is None:
            raise NotAnOutput("a change without a value")
        try:
            change = _decode(record.value)
            at = instant_ms(change.at)
        except (msgspec.DecodeError, ValueError) as error:
            raise NotAnOutput(str(error)) from error
        direction = _MEMBER_TYPES.get(change.type, "")
        if direction:
            subject = f"segment:{change.segment}"
        elif change.type in _LEAD_TYPES:
            subject = f"campaign:{change.campaign}"
        else:
            raise NotAnOutput(f"{change.type} is no change")
        place = f"o{change.number.offset:016x}.{change.number.ordinal:08x}"
        arguments = (contact, contact_hash(contact), place, subject, direction, change.at, at)
        return Operation(account, "change", (*arguments, *self._rest(record, reach)), WEIGHT)

    def result_operation(self, record: ConsumedRecord, reach: Reach) -> Operation:
        """The operation of a record of `crm-results`. Raises NotAnOutput."""
        if record.value is None:
            raise NotAnOutput("a result without a value")
        try:
            result = _decode_result(record.value)
            at = instant_ms(result.at)
        except (msgspec.DecodeError, ValueError) as error:
            raise NotAnOutput(str(error)) from error
        # Whatever may stand on an in-topic: what is no result is a dead letter of the pipeline.
        contact = result.contact or (record.key or b"").decode(errors="replace")
        if self._normalize_ids:
            contact = normalize_contact_id(contact)
        are_names = _SLUG.fullmatch(result.account) and _SLUG.fullmatch(result.campaign)
        if result.type not in _RESULT_TYPES or not are_names or not 0 < len(contact) <= MAX_CONTACT:
            raise NotAnOutput("no result of a CRM")
        # A result is written until it is answered: a repeat has the same id.
        place = f"r{blake2b(result.id.encode(), digest_size=12).hexdigest()}"
        arguments = (contact, contact_hash(contact), place, f"campaign:{result.campaign}", "", instant_text(at), at)
        return Operation(result.account, "change", (*arguments, *self._rest(record, reach)), WEIGHT)

    def _rest(self, record: ConsumedRecord, reach: Reach) -> tuple[int, int, int, bytes]:
        needs_row = int(record.timestamp < reach.row_needed_before)
        return record.timestamp, self._retention, needs_row, record.value or b""
