"""One edit of every kind, each a new document made from the one in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from benchmarks.live_edit.definitions import DOCS, FAR_EAST, FORM, PRICING, Document, dynamic

Change = Callable[[Document], None]
"""Changes a document in place."""


@dataclass(frozen=True)
class Edit:
    """A kind of change. `superseded` is applied right before `change`, which follows before it has taken effect.

    `keeps` names a segment whose members at this edit are kept from then on: no later event makes them.
    """

    kind: str
    change: Change
    superseded: Change | None = None
    keeps: str | None = None

    def changed(self, before: Document) -> Document:
        """The definitions after the edit."""
        return changed(before, self.change)

    def both(self, before: Document) -> tuple[Document, Document]:
        """The definitions that are superseded, and those after the edit."""
        assert self.superseded is not None, f"{self.kind} supersedes nothing"
        first = changed(before, self.superseded)
        return first, self.changed(first)


def changed(before: Document, change: Change) -> Document:
    """A changed copy."""
    after = deepcopy(before)
    change(after)
    return after


def part(document: Document, name: str, group: str = "segments") -> Document:
    """A segment or campaign of a document."""
    found: Document = next(each for each in document[group] if each["id"] == name)
    return found


def add(name: str, when: Document) -> Change:
    """Adds a dynamic segment."""

    def change(document: Document) -> None:
        document["segments"].append(dynamic(name, when))

    return change


def put(name: str, group: str = "segments", /, **fields: object) -> Change:
    """Sets fields of a segment or campaign."""

    def change(document: Document) -> None:
        part(document, name, group).update(fields)

    return change


def copy(name: str, new: str) -> Change:
    """Copies a segment."""

    def change(document: Document) -> None:
        document["segments"].append({**deepcopy(part(document, name)), "id": new})

    return change


def delete(name: str) -> Change:
    """Deletes a segment."""

    def change(document: Document) -> None:
        document["segments"].remove(part(document, name))

    return change


def to_static(name: str) -> Change:
    """Makes a dynamic segment static."""

    def change(document: Document) -> None:
        segment = part(document, name)
        segment.pop("when")
        segment["dynamic"] = False

    return change


def add_campaign(document: Document) -> None:
    """Adds a campaign with an audience and rules of its own."""
    forms = {"id": "form", "when": {"activity": FORM}, "points": 5}
    hot = {"id": "hot", "when": {"points": {"gte": 20}}, "then": {"set_status": "qualified"}}
    asleep = {"id": "asleep", "when": {"inactive_for": "40s"}, "then": {"set_status": "rejected"}}
    campaign = {"id": "autumn", "audience": ["visitors", "big"], "leave": "delete"}
    document["campaigns"].append({**campaign, "scoring": [forms], "automation": [hot, asleep]})


def change_rules(document: Document) -> None:
    """Other points, a new scoring rule, another threshold, a new rule that also speaks of those who are there."""
    campaign = part(document, "spring", "campaigns")
    campaign["scoring"][0]["points"] = 15
    campaign["scoring"].append({"id": "form", "when": {"activity": FORM, "within": "1h"}, "points": 7})
    campaign["automation"][0]["when"] = {"points": {"gte": 60}}
    small = {"property": "employees", "lt": 60}
    rule = {"id": "small", "when": small, "then": {"set_status": "rejected"}, "apply_to_existing": True}
    campaign["automation"].append(rule)


def move_zone(document: Document) -> None:
    """Another calendar day for the whole account."""
    document["time_zone"] = FAR_EAST


HOUR = {"within": "1h"}
JOURNEY = {"sequence": [{"visit": PRICING}, {"activity": FORM}], "gap": "2m", **HOUR}
REGULARS = {"activity": {}, "regular": {"at_least": 2, "of": 4, "each": "30s"}}

EDITS: tuple[Edit, ...] = (
    Edit("add, on a property", add("mid", {"property": "employees", "between": [20, 80]})),
    Edit("add, count in the past", add("readers", {"visit": DOCS, "count": {"gte": 2}, **HOUR})),
    Edit("add, held for", add("loyal", {"property": "plan", "eq": "pro", "held_for": "30s"})),
    Edit("add, sequence", add("journey", JOURNEY)),
    Edit("add, first", add("came-for-prices", {"visit": {}, "first": PRICING, **HOUR})),
    Edit("add, last", add("left-at-docs", {"visit": {}, "last": DOCS, **HOUR})),
    Edit("add, regular", add("regulars", REGULARS)),
    Edit("add, silence", add("silent", {"inactive_for": "45s"})),
    Edit("edit, threshold of a property", put("big", when={"property": "employees", "gte": 60})),
    Edit("edit, longer window", put("busy", when={"visit": {}, "within": "1h"})),
    Edit("edit, shorter window", put("visitors", when={"visit": PRICING, "count": {"gte": 3}, "within": "2m"})),
    Edit("edit, threshold of a count", put("visitors", when={"visit": PRICING, "count": {"gte": 2}, "within": "2m"})),
    Edit("rename and describe", put("big", name="Big ones", description="Sixty or more")),
    Edit("copy", copy("visitors", "visitors-copy")),
    Edit("pause", put("asleep", paused=True)),
    Edit("resume", put("asleep", paused=False)),
    Edit("pause for good", put("frozen", paused=True), keeps="frozen"),
    Edit("delete", delete("former")),
    Edit("dynamic to static", to_static("fans"), keeps="fans"),
    Edit("static to dynamic", put("vip", dynamic=True, when={"property": "employees", "gte": 90})),
    Edit("add a campaign", add_campaign),
    Edit("change scoring and automation", change_rules),
    Edit("pause a campaign", put("spring", "campaigns", paused=True)),
    Edit("resume a campaign", put("spring", "campaigns", paused=False)),
    Edit("change the time zone", move_zone),
    Edit(
        "superseded at once",
        put("about", when={"visit": {"path": {"eq": "/about"}}, "count": {"gte": 2}, **HOUR}),
        superseded=add("about", {"visit": {"path": {"eq": "/about"}}, **HOUR}),
    ),
)


def chosen(kinds: Sequence[str]) -> tuple[Edit, ...]:
    """The edits whose kind begins with any of the words; all for none. Raises ValueError when there is no such."""
    if not kinds:
        return EDITS
    found = tuple(edit for edit in EDITS if edit.kind.startswith(tuple(kinds)))
    if not found:
        raise ValueError(f"no kind of edit begins with {', '.join(kinds)}; there are: {', '.join(KINDS)}")
    return found


KINDS = tuple(edit.kind for edit in EDITS)
