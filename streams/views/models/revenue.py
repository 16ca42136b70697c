"""Revenue: `campaign-revenue` to a hash for each campaign, by currency."""

from __future__ import annotations

import msgspec

from streams.kafka.protocols import ConsumedRecord
from streams.views.models.operation import NotAnOutput, Operation, Reach, key_parts

LUA = """
apply.revenue = function(campaign, currency, row)
  redis.call('HSET', base .. 'revenue:' .. campaign, currency, row)
  note_campaign(campaign)
end

apply.no_revenue = function(campaign, currency)
  redis.call('HDEL', base .. 'revenue:' .. campaign, currency)
end
"""
ARITY = {"revenue": 3, "no_revenue": 2}


class _RevenueRow(msgspec.Struct):
    currency: str
    won: dict[str, int | str]
    open: dict[str, int | str]
    lost: dict[str, int | str]


_decode = msgspec.json.Decoder(_RevenueRow).decode


def revenue_operation(record: ConsumedRecord, reach: Reach) -> Operation:
    """The operation of a record of `campaign-revenue`. Raises NotAnOutput."""
    del reach
    account, campaign, currency = key_parts(record, 3)
    if record.value is None:
        return Operation(account, "no_revenue", (campaign, currency), 2)
    try:
        _decode(record.value)
    except msgspec.DecodeError as error:
        raise NotAnOutput(str(error)) from error
    return Operation(account, "revenue", (campaign, currency, record.value), 2)
