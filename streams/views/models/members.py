"""Members: `segment-members` to a sorted set for each segment, and the memberships of each contact."""

from __future__ import annotations

import msgspec

from schemas.values import instant_ms
from streams.kafka.protocols import ConsumedRecord
from streams.views.models.operation import NotAnOutput, Operation, Reach, key_parts

LUA = """
local segments = {}

apply.member = function(segment, contact, since)
  redis.call('ZADD', base .. 'members:' .. segment, since, contact)
  redis.call('HSET', base .. 'contact:' .. contact, 'm:' .. segment, since)
  if not segments[segment] then
    segments[segment] = true
    redis.call('SADD', base .. 'segments', segment)
  end
end

apply.no_member = function(segment, contact)
  redis.call('ZREM', base .. 'members:' .. segment, contact)
  redis.call('HDEL', base .. 'contact:' .. contact, 'm:' .. segment)
end
"""
ARITY = {"member": 3, "no_member": 2}


class _MemberRow(msgspec.Struct):
    since: str


_decode = msgspec.json.Decoder(_MemberRow).decode


def member_operation(record: ConsumedRecord, reach: Reach) -> Operation:
    """The operation of a record of `segment-members`. Raises NotAnOutput."""
    del reach
    account, segment, contact = key_parts(record, 3)
    if record.value is None:
        return Operation(account, "no_member", (segment, contact), 3)
    try:
        since = instant_ms(_decode(record.value).since)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotAnOutput(str(error)) from error
    return Operation(account, "member", (segment, contact, since), 3)
