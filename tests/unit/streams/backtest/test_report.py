"""The result of a backtest: counts on both sides, what the leads in question were worth, and a picture."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.topics import LEAD_CHANGES, LEADS, QUALIFIED_LEADS, SEGMENT_CHANGES
from schemas.values import instant_ms, instant_text
from streams.backtest.chart import bar, columns, heights
from streams.backtest.report import AccountBacktest
from streams.backtest.tally import DAY_MS, ChangeTally
from streams.backtest.worth import OpportunityBook
from streams.engine.journal.effects import TOMBSTONE, Output
from streams.engine.journal.records import JournalEvent

MARCH = instant_ms("2026-03-02T09:00:00Z")


def output(topic: str, type_: str, contact: str, day: int = 0, **fields: Any) -> Output:
    value = {
        "type": type_,
        "account": "default",
        "contact": contact,
        "at": instant_text(MARCH + day * DAY_MS),
        **fields,
    }
    return Output(topic, f"default/{contact}".encode(), msgspec.json.encode(value), type_)


def entered(contact: str, segment: str = "hot") -> Output:
    return output(SEGMENT_CHANGES.name, "segment.entered", contact, segment=segment)


def status(contact: str, before: str | None, after: str) -> Output:
    fields: dict[str, Any] = {"campaign": "spring", "from": before, "to": after, "points": 1}
    return output(LEAD_CHANGES.name, "lead.status_changed", contact, **fields)


def handed(contact: str, day: int = 0) -> Output:
    return output(QUALIFIED_LEADS.name, "lead.handed_over", contact, day, campaign={"id": "spring", "name": "Spring"})


def outcome(contact: str, campaign: str, opportunity: str, state: str, amount: str | None) -> JournalEvent:
    fields = {"campaign": campaign, "opportunity": opportunity, "outcome": state, "currency": "EUR", "amount": amount}
    return JournalEvent("crm.outcome", opportunity, 0, "default", contact, ("crm-results", 0, 0), 0, fields)


def speaking_for_the_lead(event: JournalEvent, **state: str) -> JournalEvent:
    """An outcome of a lead that tells beside it what became of the opportunity."""
    event.fields["opportunity_state"] = {"currency": "EUR", **state}
    return event


def tally(*outputs: Output) -> Any:
    counts = ChangeTally()
    for each in outputs:
        counts.add(each)
    return counts.accounts["default"]


@pytest.fixture
def result() -> AccountBacktest:
    """Ada and Bob were handed over; with the other definitions Ada and Cleo would have been."""
    happened = tally(
        entered("ada"), entered("bob"),
        status("ada", None, "active"), status("ada", "active", "qualified"), handed("ada"),
        status("bob", None, "qualified"), handed("bob", 10),
        Output(LEADS.name, b"default/spring/ada", b"{}", "lead"),
        Output(SEGMENT_CHANGES.name, b"default/x", None, TOMBSTONE),
    )  # fmt: skip
    would = tally(
        entered("ada"), output(SEGMENT_CHANGES.name, "segment.exited", "ada", segment="hot"), entered("cleo", "new"),
        status("ada", None, "qualified"), handed("ada"), handed("ada", 1),
        status("cleo", None, "qualified"), handed("cleo", 20), status("bob", None, "rejected"),
    )  # fmt: skip
    book = OpportunityBook()
    for event in (
        outcome("ada", "spring", "o1", "open", "5"),
        outcome("ada", "spring", "o1", "won", "1000.10"),
        outcome("bob", "spring", "o2", "won", "7"),
        outcome("bob", "spring", "o2", "deleted", None),
        outcome("bob", "spring", "o3", "lost", None),
        # From engine version 4 on: the lead of bob stays lost, o6 is gone.
        speaking_for_the_lead(outcome("bob", "spring", "o6", "lost", "1"), outcome="open", amount="30"),
        speaking_for_the_lead(outcome("bob", "spring", "o6", "lost", "0"), outcome="deleted", amount="30"),
        outcome("cleo", "autumn", "o4", "won", "20.20"),
        outcome("cleo", "autumn", "o5", "won", "no number"),
        JournalEvent("web.visited", "v", 0, "default", "ada", ("web-visits", 0, 0)),
    ):
        book.add(event)
    return AccountBacktest("default", happened, would, book)


def test_both_sides_are_counted(result: AccountBacktest) -> None:
    answer = result.to_dict()
    assert answer["segments"] == [
        {"segment": "hot", "happened": {"entered": 2, "left": 0}, "backtest": {"entered": 1, "left": 1}},
        {"segment": "new", "happened": {"entered": 0, "left": 0}, "backtest": {"entered": 1, "left": 0}},
    ]
    [campaign] = answer["campaigns"]
    assert campaign["happened"] == {"leads_made": 2, "qualified": 2, "rejected": 0, "handed_over": 2}
    assert campaign["backtest"] == {"leads_made": 3, "qualified": 2, "rejected": 1, "handed_over": 2}


def test_the_leads_in_question_are_named_with_what_they_were_worth(result: AccountBacktest) -> None:
    groups = result.to_dict()["campaigns"][0]["handed_over"]
    assert {kind: group["contacts"] for kind, group in groups.items()} == {
        "both": ["ada"],
        "no_more": ["bob"],
        "added": ["cleo"],
    }
    assert groups["both"]["worth"] == [
        {
            "currency": "EUR",
            "won": {"count": 1, "amount": "1000.10"},
            "open": {"count": 0, "amount": "0"},
            "lost": {"count": 0, "amount": "0"},
        }
    ]
    assert groups["no_more"]["worth"][0]["lost"] == {"count": 1, "amount": "0"}
    assert groups["added"]["worth"] == []
    assert groups["added"]["worth_in_other_campaigns"][0]["won"] == {"count": 2, "amount": "20.20"}


def test_it_is_drawn(result: AccountBacktest) -> None:
    text = "\n".join(result.lines())
    assert "segment hot: entered, -1\n  happened        2 in       0 out  " + "█" * 30 in text
    assert "  backtest        1 in       1 out  " + "█" * 15 + "\n" in text
    assert "hand-overs from 2026-03-02 to 2026-03-22, at most 1 in a column" in text
    assert "    happened  █         █\n    backtest  ██                  █\n" in text
    assert "handed over in both 1: won EUR 1,000.10 (1)\n" in text
    assert "handed over no more 1: lost EUR 0.00 (1)\n" in text
    assert "handed over in addition 1: no opportunity is known; in other campaigns: won EUR 20.20 (2)" in text


def test_an_account_without_a_change_says_so() -> None:
    nothing = AccountBacktest("default", tally(), tally(), OpportunityBook(), MARCH)
    assert list(nothing.lines()) == ["account default, since 2026-03-02T09:00:00.000Z"]
    assert nothing.to_dict()["campaigns"] == []


@pytest.mark.parametrize(
    ("value", "largest", "text"),
    [(0, 0, ""), (0, 9, ""), (1, 1_000, "▏"), (1, 1, "█" * 4), (5, 8, "██▌"), (7, 8, "███▌")],
)
def test_bars_have_one_scale_and_show_every_value_above_zero(value: int, largest: int, text: str) -> None:
    assert bar(value, largest, 4) == text


def test_days_are_put_together_where_there_are_many() -> None:
    assert columns({0: 1, 3: 2}, 0, 3, 4) == [1, 0, 0, 2]
    assert columns({0: 1, 3: 2, 9: 4}, 0, 9, 4) == [1, 2, 0, 4]
    assert columns({5: 7}, 5, 5) == [7]
    assert heights([0, 1, 4, 8], 8) == " ▂▅█"
