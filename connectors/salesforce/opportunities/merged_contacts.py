"""Contacts of ours that people merged into others: the roles of a survivor without a key are theirs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connectors.salesforce.opportunities.merged_leads import MAX_MERGES
from connectors.salesforce.opportunities.org_opportunity import LeadOrigin, MergedContacts
from connectors.salesforce.opportunities.queries import OpportunityQueries
from connectors.salesforce.opportunities.survey import HandOverTime, latest_handed_over


def follow_contacts(queries: OpportunityQueries, merged: Iterable[tuple[str, LeadOrigin]]) -> MergedContacts:
    """Follows Contacts (master, loser) over several merges, in a request for each; none where nothing was merged.

    Roles move to the master of a merge. A Contact on the way is kept, too, and the loser itself: should a role stay
    with one of them, it counts as before.
    """
    found: dict[str, dict[str, LeadOrigin]] = {}
    masters: dict[str, dict[str, LeadOrigin]] = {}
    for master, loser in merged:
        masters.setdefault(master, {})[loser.record] = loser
        found.setdefault(loser.record, {})[loser.record] = loser
    for _ in range(MAX_MERGES):
        for master, losers in masters.items():
            found.setdefault(master, {}).update(losers)
        further: dict[str, dict[str, LeadOrigin]] = {}
        for row in queries.merged_further(masters):
            further.setdefault(str(row["MasterRecordId"]), {}).update(masters[str(row["Id"])])
        if not further:
            break
        masters = further
    return found


def contact_without_key(
    record: str, losers: Iterable[LeadOrigin], former: LeadOrigin | None, handed_over_at: HandOverTime
) -> LeadOrigin | None:
    """Returns the contact of ours that a Contact without a key stands for; None where it stands for none.

    That is the one that the opportunity had before. So no merge moves revenue, and it stays when Salesforce has
    forgotten the loser. Else of the losers the one with the last hand-over.
    """
    losers = list(losers)
    found = None
    if former is not None:
        found = next((each for each in losers if each.is_same_contact_as(former)), None)
        if found is None and record == former.present_record:
            found = former
    if found is None:
        found = latest_handed_over(losers, handed_over_at)
    return None if found is None else msgspec.structs.replace(found, merged_into=record)
