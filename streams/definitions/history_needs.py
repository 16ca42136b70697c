"""Which leaves of definitions ask of the past what nobody keeps yet; pure."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from schemas.conditions import AllOf, AnyOf, Condition, NotOf
from schemas.definitions import STANDARD_PROPERTIES, Definitions
from streams.engine.conditions.activities.counts import is_bare
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Compiled, Counter, Surroundings, Truth
from streams.engine.journal.effects import Leaf
from streams.engine.releases.deciding_leaves import as_written
from streams.engine.version import walk


@dataclass(frozen=True, slots=True)
class Asked:
    """A leaf that has to be counted from the journal first; `owner` is `segment ID` or `rule CAMPAIGN/ID`."""

    owner: str
    leaf: Leaf
    kept: tuple[Counter | Truth, ...]

    def reaches_to(self, now: int) -> int | None:
        """The earliest instant (ms) that it asks of when it decides from `now` on; None for all the past."""
        reaches = [each.reaches_to(now) for each in self.kept]
        known = [reach for reach in reaches if reach is not None]
        return min(known) if len(known) == len(reaches) else None


def newly_asked(before: Definitions | None, after: Definitions) -> list[Asked]:
    """What a release asks of the past that the one in force (None: there is none) does not keep."""
    known = frozenset() if before is None else _keys(before)
    around = _surroundings(after)
    return [asked for owner, condition in _conditions(after) for asked in asked_by(owner, condition, around, known)]


def asked_by(
    owner: str, condition: Condition, around: Surroundings, known: Set[str] = frozenset()
) -> Iterator[Asked]:
    """The leaves of one condition that ask of the past; `known` are the keys of what is kept."""
    for leaf in walk(condition):
        if isinstance(leaf, AllOf | AnyOf | NotOf):
            continue
        kept = tuple(each for each in _kept(compile_condition(leaf, around)) if each.key not in known)
        if kept:
            yield Asked(owner, as_written(leaf), kept)


def _keys(definitions: Definitions) -> frozenset[str]:
    around = _surroundings(definitions)
    return frozenset(
        each.key for _, condition in _conditions(definitions) for each in _kept(compile_condition(condition, around))
    )


def _kept(compiled: Compiled) -> tuple[Counter | Truth, ...]:
    return (*compiled.counters, *compiled.held)


def _surroundings(definitions: Definitions) -> Surroundings:
    return Surroundings(definitions.time_zone, {**STANDARD_PROPERTIES, **definitions.properties})


def _conditions(definitions: Definitions) -> Iterator[tuple[str, Condition]]:
    """Every condition whose past is kept: a scoring rule for each match looks at the event alone."""
    for segment in definitions.segments:
        if segment.dynamic and segment.when is not None:
            yield f"segment {segment.id}", segment.when
    for campaign in definitions.campaigns:
        for scoring in campaign.scoring:
            if not is_bare(scoring.when):
                yield f"rule {campaign.id}/{scoring.id}", scoring.when
        for rule in campaign.automation:
            yield f"rule {campaign.id}/{rule.id}", rule.when
