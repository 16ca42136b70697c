"""The latest changes of the live view, in the order of time, with their causes in a few words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from schemas.definitions import Definitions
from streams.demo.columns import GAP, ViewColumn, ViewTable
from streams.demo.state import DemoState, RecentChange, RecordValue

CONTACT_WIDTH = 6
SHORTEST_CAUSE = 12
LONGEST_CAUSE = 60
ROOMY_WIDTH = 100
MORE = " …"
_ACTIONS = {"entered": "segments", "left": "segments", "became a lead in": "campaigns", "qualified in": "campaigns"}
_CAUSES = {
    "clock": "time passed",
    "definition": "new definitions",
    "command": "by hand",
    "cascade": "the contact's status",
    "audience": "audience",
    "automation": "rule",
    "crm": "Salesforce",
    "merge": "merge",
}


def change_table(state: DemoState, definitions: Definitions, width: int, rows: int) -> ViewTable:
    """Returns the last `rows` changes, the newest first, in `width`; each column has the same width all the time."""
    newest = sorted(state.recent_changes, key=lambda change: change.at)[-rows:][::-1] if rows else []
    blank = [Text("")] * (rows - len(newest))
    instants = [_instant_text(change.at, width) for change in newest]
    columns = [
        _column([Text(text, style="dim") for text in instants], blank, len(_instant_text("", width))),
        _column([Text(change.contact, style="bold") for change in newest], blank, CONTACT_WIDTH),
        _column([_action_text(change) for change in newest], blank, _action_width(definitions)),
    ]
    table = ViewTable("Latest changes, and why", "magenta", columns)
    room = min(width - table.width - GAP, LONGEST_CAUSE)
    if room < SHORTEST_CAUSE:
        return table
    causes = [Text(shorten(cause_text(change.cause, state), room), style="dim") for change in newest]
    return ViewTable(table.title, table.style, [*columns, _column(causes, blank, room)])


def cause_text(cause: RecordValue, state: DemoState) -> str:
    """Returns the cause in a few words: its kind, its rule, and its event by description or, without one, by id.

    Of a field that sales people typed it says what stands there.
    """
    event: str = cause.get("event", "")
    words: list[str] = [_CAUSES.get(cause["kind"], "")]
    words.append(cause.get("rule", ""))
    if event:
        words.append(state.event_descriptions.get(event, event))
    if "value" in cause:
        words.append(f'"{cause["value"]}"')
    if cause.get("late"):
        words.append("(late)")
    return " ".join(word for word in words if word)


def shorten(text: str, width: int) -> str:
    """Returns the words of `text` that fit, and a sign where there are more.

    A word is left out whole, so that no number looks like another one.
    """
    if len(text) <= width:
        return text
    words = text.split(" ")
    while words and len(" ".join(words)) + len(MORE) > width:
        words.pop()
    return " ".join(words).rstrip(":") + MORE if words else ""


def _column(cells: Sequence[Text], blank: Sequence[Text], width: int) -> ViewColumn:
    return ViewColumn("", [*cells, *blank], is_number=False, least=width)


def _instant_text(at: str, width: int) -> str:
    """Returns the instant; in a narrow view without the year and the seconds."""
    shown = slice(0, 19) if width >= ROOMY_WIDTH else slice(5, 16)
    return (at or "2026-03-02T09:00:00.000Z")[shown].replace("T", " ")


def _action_text(change: RecentChange) -> Text:
    return Text.assemble((change.action + " ", "green" if change.is_positive else "red"), change.subject)


def _action_width(definitions: Definitions) -> int:
    """Returns the width of the longest change that these definitions can bring about."""
    subjects = {
        "segments": max((len(segment.id) for segment in definitions.segments), default=0),
        "campaigns": max((len(campaign.id) for campaign in definitions.campaigns), default=0),
    }
    return max(len(action) + 1 + subjects[kind] for action, kind in _ACTIONS.items())
