"""What may happen to a contact, in random order: moves of a few milliseconds, late, repeated, at equal instants."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.values import instant_text
from tests.harness.random.random_values import amounts, declared_texts, loose_values, text_values

# Mostly multiples of five, as lengths are, so that instants fall on the ends of windows and just beside them.
ELAPSED = (0, 0, 1, 4, 5, 5, 5, 6, 10, 15)
DELAYS = (0, 0, 0, 0, 5, 5, 6, 10, 20, 21)
PAGES = ("/a", "/b", "/c?x=1")


urls = st.sampled_from(PAGES).map(lambda page: "https://acme.example" + page)
titles = st.sampled_from(["Demo", "5", "Café", "Cafe\u0301 Noir", ""])

# Properties with the names of fields that events have of their own, with dots, and inside of objects.
event_properties: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"amount": amounts},
    optional={
        "title": st.sampled_from(["Demo", 5, "5", "CAFE\u0301", None]),
        "url": st.sampled_from(["https://acme.example/b", "https://other.example/c?x=1", 5]),
        "info": st.one_of(amounts.map(lambda amount: {"price": amount}), st.just("x")),
        "info.price": st.sampled_from([7, "7"]),
        "campaign": st.just("c"),
        "name": st.just("form"),
        "path": st.just("/a"),
    },
)


@dataclass(frozen=True)
class RandomEvent:
    """`elapsed` ms after the latest of all before, minus `delay`. `is_repeat`: the id of the event before, once
    more.
    """

    event_type: str
    elapsed: int
    delay: int = 0
    is_repeat: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


def _event(event_type: str, fields: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[RandomEvent]:
    return st.builds(
        RandomEvent,
        event_type=st.just(event_type),
        elapsed=st.sampled_from(ELAPSED),
        delay=st.sampled_from(DELAYS),
        is_repeat=st.sampled_from((False, False, False, True)),
        fields=fields,
    )


@cache
def random_events(start: int) -> st.SearchStrategy[list[RandomEvent]]:
    """A short history of one contact about an instant."""
    return st.lists(st.one_of(event_strategies(start)), min_size=4, max_size=14)


def event_strategies(start: int) -> list[st.SearchStrategy[RandomEvent]]:
    """Everything that may happen, ticks among it."""
    instants = st.sampled_from(range(-20, 45, 5)).map(lambda after: instant_text(start + after))
    undeclared = _undeclared_values(instants)
    values: dict[str, st.SearchStrategy[Any]] = {
        "plan": st.sampled_from([None, "a", "a", "B", "b", "", 5, True, ["a"], [], [{"k": "a"}, {"k": 5}]]),
        "size": st.sampled_from([None, 0, 5, 5.5]),
        "seen": st.one_of(st.none(), instants, instants, instants.map(lambda text: text[:10])),
        "day": st.one_of(st.none(), instants.map(lambda text: text[:10])),
        "due": undeclared,
        "home": st.one_of(
            st.sampled_from([None, {"city": "a"}, {"city": None}, {}]),
            _one_key("since", undeclared),
            _one_key("city", loose_values),
        ),
        "rank": loose_values,
        "word": text_values,
        "city": declared_texts,
        "trips": st.lists(_trips(instants), max_size=2),
        "tags": st.sampled_from([None, [], ["a"], ["a", "b"]]),
        "time_zone": st.sampled_from([None, "Asia/Tokyo", "America/New_York", "nowhere"]),
    }
    patches = st.one_of(
        st.fixed_dictionaries({"trips": values["trips"], "time_zone": values["time_zone"]}),
        *(st.fixed_dictionaries({name: value}) for name, value in values.items()),
        st.fixed_dictionaries({"plan": values["plan"], "seen": values["seen"]}),
    )
    properties = st.one_of(st.just({"amount": 5}), _one_key("on", undeclared), event_properties)
    pages = st.fixed_dictionaries(
        {"url": urls}, optional={"referrer": st.sampled_from(["a", "b"]), "properties": properties}
    )
    scarce_pages = st.fixed_dictionaries(
        {"properties": properties}, optional={"title": titles, "campaign": st.just("z")}
    )
    forms = st.fixed_dictionaries({"name": st.sampled_from(["form", "visit"])})
    rich_forms = st.fixed_dictionaries(
        {"name": st.sampled_from(["form", "visit"]), "properties": properties},
        optional={"title": titles, "campaign": st.just("c")},  # of an activity it is no token
    )
    points = st.sampled_from([-2, 1, 3])
    scores = st.one_of(
        st.fixed_dictionaries({"points": points}),
        st.fixed_dictionaries({"points": points, "score": st.just("fit")}),
        st.fixed_dictionaries({"points": points, "campaign": st.just("c")}),
    )
    happened = _event("web.visited", pages)
    return [
        happened,
        happened,
        _event("web.visited", scarce_pages),
        _event("activity.recorded", st.one_of(forms, rich_forms)),
        _event("contact.changed", st.fixed_dictionaries({"properties": patches})),
        _event("contact.changed", st.fixed_dictionaries({"properties": patches})),
        _event("contact.changed", st.fixed_dictionaries({"status": st.sampled_from(["active", "inactive"])})),
        _event("score.adjusted", scores),
        *(_event(f"lead.{done}", st.just({"campaign": "c"})) for done in ("added", "qualified", "rejected")),
        st.builds(RandomEvent, event_type=st.just("tick"), elapsed=st.sampled_from((0, 1, 5, 10, 20))),
    ]


def _undeclared_values(instants: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """What is typed by its value: instants in several ways of writing, days, text, a number."""
    return st.one_of(
        instants,
        instants.map(lambda text: text.lower().replace("z", "+00:00")),
        instants.map(lambda text: text[:10]),
        st.sampled_from([None, "soon", "now/d", 5]),
    )


def _one_key(key: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return values.map(lambda value: {key: value})


def _trips(instants: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    dates = st.one_of(instants, instants.map(lambda text: text[:10]))
    return st.fixed_dictionaries({"on": dates}, optional={"to": st.just("b")})
