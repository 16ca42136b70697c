"""Contacts: `contacts` to a hash for each and an index of all."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from streams.kafka.protocols import ConsumedRecord
from streams.views.models.operation import NotAnOutput, Operation, Reach, key_parts

LUA = """
apply.contact = function(contact, created, row)
  redis.call('HSET', base .. 'contact:' .. contact, 'row', row, 'created', created)
  redis.call('ZADD', base .. 'contacts', 0, contact)
end

-- The row is gone, and with it every change written until then. Memberships and leads have tombstones of their own.
apply.no_contact = function(contact, hash, ms)
  redis.call('HDEL', base .. 'contact:' .. contact, 'row', 'created')
  redis.call('ZREM', base .. 'contacts', contact)
  redis.call('ZADD', base .. 'erased', 'GT', ms, hash)
  local timeline = base .. 'timeline:' .. contact
  local newest, expiry = newest_of(timeline), redis.call('PEXPIRETIME', timeline)
  drop_changes(contact, redis.call('ZRANGEBYSCORE', timeline, '-inf', ms))
  local results = {}
  for _, entry in ipairs(redis.call('ZRANGE', timeline, 0, -1)) do
    if entry:sub(1, 1) == 'r' then results[#results + 1] = entry end
  end
  drop_changes(contact, results)
  -- Of a contact that began again something may be left, and what was dropped may have been newer.
  local newest_left = newest_of(timeline)
  if newest_left and expiry >= 0 then
    redis.call('PEXPIREAT', timeline, string.format('%.0f', expiry - newest + newest_left))
  end
end
"""
ARITY = {"contact": 3, "no_contact": 3}


class _Row(msgspec.Struct):
    """What has to be there for `row` to be a contact's; all of it stays as it is."""

    status: str
    created: str


_decode = msgspec.json.Decoder(_Row).decode


def contact_operation(record: ConsumedRecord, reach: Reach) -> Operation:
    """The operation of a record of `contacts`. Raises NotAnOutput."""
    del reach
    account, contact = key_parts(record, 2)
    if record.value is None:
        return Operation(account, "no_contact", (contact, contact_hash(contact), record.timestamp), 10)
    try:
        row = _decode(record.value)
    except msgspec.DecodeError as error:
        raise NotAnOutput(str(error)) from error
    return Operation(account, "contact", (contact, row.created, record.value), 3)


def contact_hash(contact: str) -> str:
    """What stands for an erased contact: its id is personal data."""
    return blake2b(contact.encode(), digest_size=16).hexdigest()
