"""Which segments depend on leads, whose history is not recomputed here but replayed."""

from __future__ import annotations

from collections.abc import Sequence

from streams.batch.leaves import leaves
from streams.batch.memberships import references
from streams.batch.timeline import InForce


def leaning(releases: Sequence[InForce]) -> set[str]:
    """Segments that in any of the releases speak of leads, are written by rules, or refer to such segments."""
    found = {name for release in releases for name in _written_by_rules(release)}
    found |= {
        name
        for release in releases
        for name, condition in release.conditions.items()
        if any("lead" in leaf for leaf in leaves(condition))
    }
    referring = [(n, references(c)) for release in releases for n, c in release.conditions.items()]
    before = -1
    while len(found) != before:
        before = len(found)
        found |= {name for name, others in referring if others & found}
    return found


def replayed(releases: Sequence[InForce]) -> set[str]:
    """Of those, the ones that cannot be asked of the leads at the end: kept lists and paused segments."""
    if not releases:
        return set()
    kept = {each.id for each in releases[-1].definitions.segments if each.paused or not each.dynamic}
    return leaning(releases) & kept


def _written_by_rules(release: InForce) -> set[str]:
    actions = [rule.then for campaign in release.definitions.campaigns for rule in campaign.automation]
    names = {name for then in actions for name in (then.add_to_segment, then.remove_from_segment)}
    return {name for name in names if name is not None}
