"""Parts of random definitions: mappings with fields drawn from strategies, put together."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.values import instant_text

DocumentStrategy = st.SearchStrategy[dict[str, Any]]


def duration(ms: int) -> str:
    """A length of time as definitions write it."""
    return f"PT0.{ms:03d}S"


# Multiples of five mostly: windows end where other events happen.
durations = st.sampled_from((1, 5, 5, 10, 10, 15, 20, 30)).map(duration)


def dict_of(**fields: Any) -> DocumentStrategy:
    """Draws a mapping; a field that is no strategy is always the same."""
    return st.fixed_dictionaries({key: _as_strategy(value) for key, value in fields.items()})


@st.composite
def merge(draw: st.DrawFn, *parts: DocumentStrategy) -> dict[str, Any]:
    """Draws one mapping with the fields of all parts."""
    whole: dict[str, Any] = {}
    for part in parts:
        whole.update(draw(part))
    return whole


def dates_near(start: int) -> st.SearchStrategy[str]:
    """Draws date values about an instant (ms), fixed ones and some that move with now."""
    near = st.sampled_from(range(-20, 45, 5)).map(lambda after: start + after)
    return st.one_of(
        near.map(instant_text),
        near.map(lambda at: instant_text(at)[:10]),
        st.sampled_from(["now", "now/d", "now-10ms", "now+10ms", "now/h", "now/d-1d", "now-1d/d", "now/M"]),
        st.sampled_from(["now", "now+1d", "now-1d", "now+1d/d"]),
    )


def _as_strategy(value: Any) -> st.SearchStrategy[Any]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)
