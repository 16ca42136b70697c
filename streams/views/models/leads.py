"""Leads: `leads` to sets by campaign and status, by points, a funnel of counts, and the leads of each contact."""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.definitions import LeadStatus
from schemas.values import instant_ms
from streams.kafka.protocols import ConsumedRecord
from streams.views.models.operation import NotAnOutput, Operation, Reach, key_parts

LUA = """
local campaigns = {}

local function note_campaign(campaign)
  if not campaigns[campaign] then
    campaigns[campaign] = true
    redis.call('SADD', base .. 'campaigns', campaign)
  end
end

local function count_lead(campaign, record, outcome, step)
  local funnel = base .. 'funnel:' .. campaign
  if record == '1' then redis.call('HINCRBY', funnel, 'handed_over', step) end
  if outcome == 'open' or outcome == 'won' or outcome == 'lost' then
    redis.call('HINCRBY', funnel, outcome, step)
  end
end

-- The lead as it was before: out of the sets and counts that its new row may not be in.
local function take_lead_out(campaign, contact)
  local former = redis.call('HGET', base .. 'contact:' .. contact, 's:' .. campaign)
  if not former then return end
  local status, record, outcome = former:match('^(%S+) (%d) (%S*)$')
  redis.call('ZREM', base .. 'leads:' .. campaign .. ':' .. status, contact)
  redis.call('ZREM', base .. 'points:' .. campaign, contact)
  count_lead(campaign, record, outcome, -1)
end

apply.lead = function(campaign, contact, status, changed, points, record, outcome, row)
  take_lead_out(campaign, contact)
  redis.call('ZADD', base .. 'leads:' .. campaign .. ':' .. status, changed, contact)
  if status ~= 'deleted' then redis.call('ZADD', base .. 'points:' .. campaign, points, contact) end
  count_lead(campaign, record, outcome, 1)
  redis.call('HSET', base .. 'contact:' .. contact,
    'l:' .. campaign, row, 's:' .. campaign, table.concat({status, record, outcome}, ' '))
  note_campaign(campaign)
end

apply.no_lead = function(campaign, contact)
  take_lead_out(campaign, contact)
  redis.call('HDEL', base .. 'contact:' .. contact, 'l:' .. campaign, 's:' .. campaign)
end
"""
ARITY = {"lead": 8, "no_lead": 2}


class _LeadRow(msgspec.Struct):
    status: LeadStatus
    points: float
    changed: str
    crm: dict[str, Any] = {}


_decode = msgspec.json.Decoder(_LeadRow).decode


def lead_operation(record: ConsumedRecord, reach: Reach) -> Operation:
    """The operation of a record of `leads`. Raises NotAnOutput."""
    del reach
    account, campaign, contact = key_parts(record, 3)
    if record.value is None:
        return Operation(account, "no_lead", (campaign, contact), 8)
    try:
        row = _decode(record.value)
        changed = instant_ms(row.changed)
    except (msgspec.DecodeError, ValueError) as error:
        raise NotAnOutput(str(error)) from error
    has_record = int(isinstance(row.crm.get("record"), str))
    outcome = str(row.crm.get("outcome") or "-").replace(" ", "_")
    arguments = (campaign, contact, row.status, changed, repr(row.points), has_record, outcome, record.value)
    return Operation(account, "lead", arguments, 8)
