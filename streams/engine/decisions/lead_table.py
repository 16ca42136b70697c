"""The table of what becomes of a lead: every status by every event (SPEC section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from streams.engine.state.contact import Lead

OPEN_STATUSES = frozenset({"active", "duplicate"})
"""Statuses in which a lead takes points and automation."""

LEAD_STATES = ("none", "active", "qualified", "rejected", "duplicate", "removed", "cascaded", "left")
"""Columns: no lead, the lead's statuses, and `deleted` by a person, by the cascade, or by `leave: delete`."""

NEW = "new"
SAME = "same"
REFUSED = "refused"

_ROWS = """
               none     active     qualified  rejected   duplicate  removed   cascaded  left
added          new      same       same       same       same       new       new       new
acquired       new      duplicate  same       same       same       new       new       new
audience       new      same       same       same       same       same      same      new
token          new      same       same       same       same       same      same      same
rule_added     new      same       same       same       same       same      same      same
qualified      refused  qualified  same       qualified  qualified  refused   refused   refused
rejected       refused  rejected   rejected   same       rejected   refused   refused   refused
removed        refused  deleted    deleted    deleted    deleted    same      same      same
reactivated    refused  same       active     active     active     active    active    active
rule_removed   same     deleted    deleted    deleted    deleted    same      same      same
unfit          same     rejected   rejected   same       rejected   same      same      same
gone           same     deleted    deleted    deleted    deleted    same      same      same
left           same     deleted    same       same       deleted    same      same      same
"""

ENDED_BY = MappingProxyType({"removed": "person", "rule_removed": "person", "gone": "cascade", "left": "leave"})
"""Event -> the `ended_by` of a lead that it deletes."""

_STATE_OF_DELETED = MappingProxyType({"person": "removed", "cascade": "cascaded", "leave": "left"})


def _parse_table(rows: str) -> Mapping[str, Mapping[str, str]]:
    head, *lines = (line.split() for line in rows.strip().splitlines())
    return MappingProxyType({name: MappingProxyType(dict(zip(head, cells, strict=True))) for name, *cells in lines})


LEAD_TABLE = _parse_table(_ROWS)
"""Event -> state -> `new`, `same`, `refused`, or the status it becomes.

`unfit` is a contact that becomes inactive or bounced, `gone` one that becomes deleted, `token` a campaign token on
a visit, `rule_added` and `rule_removed` the actions of automation rules on other campaigns.
"""


def lead_state(lead: Lead | None) -> str:
    """The lead's column of the table."""
    if lead is None:
        return "none"
    if lead.status == "deleted":
        return _STATE_OF_DELETED[lead.ended_by]
    return lead.status


def next_status(event: str, lead: Lead | None) -> str:
    """The table's cell: `new`, `same`, `refused`, or the status that the lead becomes."""
    return LEAD_TABLE[event][lead_state(lead)]
