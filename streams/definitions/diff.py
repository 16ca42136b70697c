"""Compares definitions with the release in force; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.conditions import DefinitionModel
from schemas.definitions import Definitions, Salesforce
from streams.definitions.diff_text import describe_differences
from streams.definitions.history_needs import new_history_needs
from streams.engine.releases.conditions import campaign_rules

BACKFILL_NOTE = "asks of the past: it is counted from the journal first, and decides then"


@dataclass(frozen=True, slots=True)
class DiffNames:
    """Names of the things that are added, changed and removed, each in the order of its definitions."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def to_dict(self) -> dict[str, list[str]]:
        """Returns the names as JSON for a machine."""
        return {"added": list(self.added), "changed": list(self.changed), "removed": list(self.removed)}


@dataclass(frozen=True, slots=True)
class DefinitionsDiff:
    """The differences of one account; `based_on` is the number of the release in force, 0 when there is none."""

    account: str
    based_on: int
    segments: DiffNames
    campaigns: DiffNames
    rules: DiffNames
    """`CAMPAIGN/RULE`, of campaigns that both sides have."""
    properties: DiffNames
    settings: tuple[str, ...] = ()
    """Lines such as `plan: premium -> enterprise`."""
    details: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`segment ID`, `campaign ID`, `rule CAMPAIGN/ID` or `property NAME` -> what changes about it."""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.segments or self.campaigns or self.rules or self.properties or self.settings)

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan as JSON for a machine."""
        return {
            "account": self.account,
            "based_on": self.based_on,
            "changes": bool(self),
            "segments": self.segments.to_dict(),
            "campaigns": self.campaigns.to_dict(),
            "rules": self.rules.to_dict(),
            "properties": self.properties.to_dict(),
            "settings": list(self.settings),
            "details": {name: list(words) for name, words in self.details.items()},
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }

    def lines(self) -> Iterator[str]:
        """Yields lines for people: `+` added, `~` changed, `-` removed."""
        base = f"release {self.based_on}" if self.based_on else "nothing applied yet"
        yield f"account {self.account} (against {base})"
        if not self:
            yield "  nothing would change"
        yield from (f"  {line}" for line in self.difference_lines())
        yield from (f"  note: {note}" for note in self.notes)
        yield from (f"  warning: {warning}" for warning in self.warnings)

    def difference_lines(self) -> Iterator[str]:
        """Yields a line for each thing that is added, changed or removed."""
        yield from (f"~ {setting}" for setting in self.settings)
        for kind in ("property", "segment", "campaign", "rule"):
            changes = self._names_of(kind)
            yield from (f"+ {kind} {name}{self._detail_text(kind, name)}" for name in changes.added)
            yield from (f"~ {kind} {name}{self._detail_text(kind, name)}" for name in changes.changed)
            yield from (f"- {kind} {name}" for name in changes.removed)

    def _detail_text(self, kind: str, name: str) -> str:
        words = self.details.get(f"{kind} {name}", ())
        return f" ({'; '.join(words)})" if words else ""

    def _names_of(self, kind: str) -> DiffNames:
        return {
            "property": self.properties,
            "segment": self.segments,
            "campaign": self.campaigns,
            "rule": self.rules,
        }[kind]


def diff_definitions(
    before: Definitions | None, after: Definitions, based_on: int, warnings: Iterable[str] = ()
) -> DefinitionsDiff:
    """Compares the definitions in force (None: none yet) with those that would be applied."""
    old = before or Definitions(account=after.account)
    return DefinitionsDiff(
        account=after.account,
        based_on=based_on,
        segments=_diff_names(_by_id(old.segments), _by_id(after.segments)),
        campaigns=_diff_names(_by_id(old.campaigns), _by_id(after.campaigns)),
        rules=_diff_names(_shared_rules(old, after), _shared_rules(after, old)),
        properties=_diff_names(old.properties, after.properties),
        settings=tuple(_setting_lines(old, after)) if before is not None else (),
        details=describe_differences(old, after),
        notes=tuple(_backfill_notes(before, after)),
        warnings=tuple(warnings),
    )


def _diff_names(old: Mapping[str, Any], new: Mapping[str, Any]) -> DiffNames:
    return DiffNames(
        added=tuple(name for name in new if name not in old),
        changed=tuple(name for name in new if name in old and new[name] != old[name]),
        removed=tuple(name for name in old if name not in new),
    )


def _by_id(rows: Iterable[Any]) -> dict[str, Any]:
    return {row.id: row for row in rows}


def _shared_rules(definitions: Definitions, other: Definitions) -> dict[str, DefinitionModel]:
    """Returns the rules of campaigns that both have: the rules of a new or removed campaign come and go with it."""
    other_campaigns = _by_id(other.campaigns)
    return {
        f"{campaign.id}/{rule.id}": rule
        for campaign in definitions.campaigns
        if campaign.id in other_campaigns
        for rule in campaign_rules(campaign)
    }


def _setting_lines(old: Definitions, new: Definitions) -> Iterator[str]:
    for name in ("engine_version", "plan", "time_zone"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{name}: {before} -> {after}"
    if old.salesforce != new.salesforce:
        yield f"salesforce: {_changed_parts(old.salesforce or Salesforce(), new.salesforce or Salesforce())}"


def _changed_parts(old: Salesforce, new: Salesforce) -> str:
    """The parts of the mapping that change, by their keys."""
    parts = [name for name in Salesforce.model_fields if getattr(old, name) != getattr(new, name)]
    return f"another {', '.join(parts)}" if parts else "an empty mapping comes or goes"


def _backfill_notes(before: Definitions | None, after: Definitions) -> Iterator[str]:
    for owner in dict.fromkeys(need.owner for need in new_history_needs(before, after)):
        yield f"{owner} {BACKFILL_NOTE}"
