"""Random releases with several segments that share conditions, refer to one another, and pause."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from schemas.engine_versions import EngineVersion
from tests.harness.random.random_campaigns import releases
from tests.harness.random.random_conditions import conditions
from tests.harness.random.random_versions import RandomDocument

_SHARED = 4
"""So many conditions the segments of all releases are made of."""

_parts = st.lists(st.tuples(st.integers(0, _SHARED - 1), st.booleans()), min_size=1, max_size=3, unique=True)
_statuses = st.sampled_from([["active"], ["active"], ["active", "inactive"], ["inactive", "bounced"]])
_few = st.sampled_from((False, False, False, True))
_turns: st.SearchStrategy[RandomDocument] = st.sampled_from(
    [
        {"last_visit": {"older_than": "PT0.005S"}},
        {"inactive_for": "PT0.010S"},
        {"visit": {}, "never": True, "within": "PT0.005S"},
        {"property": "plan", "ne": "b", "held_for": "PT0.005S"},
        {"property": "seen", "within_last": "PT0.010S"},
    ]
)
"""What time turns, often at the instant of an event that turns it back."""

_forms = st.sampled_from(("all", "all", "all", "any"))


@cache
@st.composite
def _shared_conditions(draw: st.DrawFn, start: int, version: EngineVersion) -> list[RandomDocument]:
    any_kind = conditions(start, ("kept", "s0", "s1"), engine_version=version)
    return [draw(_turns if draw(_few) else any_kind) for _ in range(_SHARED)]


@st.composite
def shared_releases(draw: st.DrawFn, start: int) -> list[RandomDocument]:
    """The releases of `random_campaigns`, each with four more segments: conjunctions of the same few conditions."""
    documents = draw(releases(start))
    shared = draw(_shared_conditions(start, documents[0]["engine_version"]))
    segments = [draw(_segment(f"t{number}", shared)) for number in range(4)]
    grown = []
    for document in documents:
        grown.append({**document, "segments": [*document["segments"], *segments]})
        anew = draw(st.integers(0, 3))
        segments = [*segments[:anew], draw(_segment(f"t{anew}", shared)), *segments[anew + 1 :]]
    return grown


@st.composite
def _segment(draw: st.DrawFn, name: str, shared: list[RandomDocument]) -> RandomDocument:
    parts: list[RandomDocument] = [
        {"not": shared[number]} if is_negated else shared[number] for number, is_negated in draw(_parts)
    ]
    if name == "t0" and draw(st.booleans()):
        parts = [draw(_turns)]
    elif name != "t0" and draw(st.booleans()):
        parts = [*parts[: draw(st.integers(0, 1))], {"segment": "t0"}]
    when = parts[0] if len(parts) == 1 else {draw(_forms): parts}
    return {"id": name, "dynamic": True, "when": when, "statuses": draw(_statuses), "paused": draw(_few)}
