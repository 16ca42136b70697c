"""One edit of every kind; each makes a new document from the present one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from benchmarks.live_edit.definitions import DOCS, FAR_EAST, FORM, PRICING, DefinitionsDocument, dynamic

DocumentEdit = Callable[[DefinitionsDocument], None]
"""Changes a document in place."""


@dataclass(frozen=True)
class Edit:
    """A kind of change. `superseded` is applied right before `change`, which follows before it takes effect.

    `frozen_segment` names a segment that keeps its members of this moment, so that events cannot reproduce them.
    """

    kind: str
    change: DocumentEdit
    superseded: DocumentEdit | None = None
    frozen_segment: str | None = None

    def apply(self, before: DefinitionsDocument) -> DefinitionsDocument:
        """Returns the definitions after the edit."""
        return changed_copy(before, self.change)

    def apply_both(self, before: DefinitionsDocument) -> tuple[DefinitionsDocument, DefinitionsDocument]:
        """Returns the superseded definitions, and those after the edit."""
        assert self.superseded is not None, f"{self.kind} supersedes nothing"
        first = changed_copy(before, self.superseded)
        return first, self.apply(first)


def changed_copy(before: DefinitionsDocument, change: DocumentEdit) -> DefinitionsDocument:
    """Returns a copy with the change."""
    after = deepcopy(before)
    change(after)
    return after


def find_part(document: DefinitionsDocument, name: str, group: str = "segments") -> DefinitionsDocument:
    """Returns a segment or campaign of a document."""
    part: DefinitionsDocument = next(each for each in document[group] if each["id"] == name)
    return part


def add_segment(name: str, when: DefinitionsDocument) -> DocumentEdit:
    """Adds a dynamic segment."""

    def change(document: DefinitionsDocument) -> None:
        document["segments"].append(dynamic(name, when))

    return change


def set_fields(name: str, group: str = "segments", /, **fields: object) -> DocumentEdit:
    """Sets fields of a segment or campaign."""

    def change(document: DefinitionsDocument) -> None:
        find_part(document, name, group).update(fields)

    return change


def copy_segment(name: str, new: str) -> DocumentEdit:
    """Copies a segment."""

    def change(document: DefinitionsDocument) -> None:
        document["segments"].append({**deepcopy(find_part(document, name)), "id": new})

    return change


def delete_segment(name: str) -> DocumentEdit:
    """Deletes a segment."""

    def change(document: DefinitionsDocument) -> None:
        document["segments"].remove(find_part(document, name))

    return change


def make_static(name: str) -> DocumentEdit:
    """Makes a dynamic segment static."""

    def change(document: DefinitionsDocument) -> None:
        segment = find_part(document, name)
        segment.pop("when")
        segment["dynamic"] = False

    return change


def add_campaign(document: DefinitionsDocument) -> None:
    """Adds a campaign with its own audience and rules."""
    forms = {"id": "form", "when": {"activity": FORM}, "points": 5}
    hot = {"id": "hot", "when": {"points": {"gte": 20}}, "then": {"set_status": "qualified"}}
    asleep = {"id": "asleep", "when": {"inactive_for": "40s"}, "then": {"set_status": "rejected"}}
    campaign = {"id": "autumn", "audience": ["visitors", "big"], "leave": "delete"}
    document["campaigns"].append({**campaign, "scoring": [forms], "automation": [hot, asleep]})


def change_rules(document: DefinitionsDocument) -> None:
    """Changes points and a threshold, and adds a scoring rule and an automation rule for existing leads too."""
    campaign = find_part(document, "spring", "campaigns")
    campaign["scoring"][0]["points"] = 15
    campaign["scoring"].append({"id": "form", "when": {"activity": FORM, "within": "1h"}, "points": 7})
    campaign["automation"][0]["when"] = {"points": {"gte": 60}}
    small = {"property": "employees", "lt": 60}
    rule = {"id": "small", "when": small, "then": {"set_status": "rejected"}, "apply_to_existing": True}
    campaign["automation"].append(rule)


def change_time_zone(document: DefinitionsDocument) -> None:
    """Moves the account to a time zone with another calendar day."""
    document["time_zone"] = FAR_EAST


HOUR = {"within": "1h"}
JOURNEY = {"sequence": [{"visit": PRICING}, {"activity": FORM}], "gap": "2m", **HOUR}
REGULARS = {"activity": {}, "regular": {"at_least": 2, "of": 4, "each": "30s"}}

EDITS: tuple[Edit, ...] = (
    Edit("add, on a property", add_segment("mid", {"property": "employees", "between": [20, 80]})),
    Edit("add, count in the past", add_segment("readers", {"visit": DOCS, "count": {"gte": 2}, **HOUR})),
    Edit("add, held for", add_segment("loyal", {"property": "plan", "eq": "pro", "held_for": "30s"})),
    Edit("add, sequence", add_segment("journey", JOURNEY)),
    Edit("add, first", add_segment("came-for-prices", {"visit": {}, "first": PRICING, **HOUR})),
    Edit("add, last", add_segment("left-at-docs", {"visit": {}, "last": DOCS, **HOUR})),
    Edit("add, regular", add_segment("regulars", REGULARS)),
    Edit("add, silence", add_segment("silent", {"inactive_for": "45s"})),
    Edit("edit, threshold of a property", set_fields("big", when={"property": "employees", "gte": 60})),
    Edit("edit, longer window", set_fields("busy", when={"visit": {}, "within": "1h"})),
    Edit(
        "edit, shorter window", set_fields("visitors", when={"visit": PRICING, "count": {"gte": 3}, "within": "2m"})
    ),
    Edit(
        "edit, threshold of a count",
        set_fields("visitors", when={"visit": PRICING, "count": {"gte": 2}, "within": "2m"}),
    ),
    Edit("rename and describe", set_fields("big", name="Big ones", description="Sixty or more")),
    Edit("copy", copy_segment("visitors", "visitors-copy")),
    Edit("pause", set_fields("asleep", paused=True)),
    Edit("resume", set_fields("asleep", paused=False)),
    Edit("pause for good", set_fields("frozen", paused=True), frozen_segment="frozen"),
    Edit("delete", delete_segment("former")),
    Edit("dynamic to static", make_static("fans"), frozen_segment="fans"),
    Edit("static to dynamic", set_fields("vip", dynamic=True, when={"property": "employees", "gte": 90})),
    Edit("add a campaign", add_campaign),
    Edit("change scoring and automation", change_rules),
    Edit("pause a campaign", set_fields("spring", "campaigns", paused=True)),
    Edit("resume a campaign", set_fields("spring", "campaigns", paused=False)),
    Edit("change the time zone", change_time_zone),
    Edit(
        "superseded at once",
        set_fields("about", when={"visit": {"path": {"eq": "/about"}}, "count": {"gte": 2}, **HOUR}),
        superseded=add_segment("about", {"visit": {"path": {"eq": "/about"}}, **HOUR}),
    ),
)


def select_edits(kinds: Sequence[str]) -> tuple[Edit, ...]:
    """Returns the edits whose kind begins with one of `kinds`; all for none. Raises ValueError for no match."""
    if not kinds:
        return EDITS
    matches = tuple(edit for edit in EDITS if edit.kind.startswith(tuple(kinds)))
    if not matches:
        raise ValueError(f"no kind of edit begins with {', '.join(kinds)}; there are: {', '.join(KINDS)}")
    return matches


KINDS = tuple(edit.kind for edit in EDITS)
