"""Publishing tells what is probably wrong, once for each kind, and publishes the lines as they are."""

from __future__ import annotations

from streams.publish.event_warnings import MAX_KINDS, EventWarnings
from streams.publish.lines import Line, ParsedLine, parse_json_lines


def watch(*texts: bytes) -> tuple[EventWarnings, list[ParsedLine]]:
    lines = [Line(f"file:{number}", text) for number, text in enumerate(texts, 1)]
    warnings = EventWarnings()
    watched = list(warnings.watch(parse_json_lines(lines)))
    assert watched == list(parse_json_lines(lines))
    return warnings, watched


def test_each_kind_is_told_once_with_its_first_line_and_its_number() -> None:
    props = b'{"type": "contact.changed", "contact": "ada", "props": {}}'
    visit = b'{"type": "web.visited", "contact": "ada"}'
    good = b'{"type": "web.visited", "contact": "ada", "url": "/", "colour": 1}'
    warnings, _ = watch(good, props, visit, props, b"{", b'{"type": "score.changed"}', good)
    first, second = warnings.describe()
    assert first.startswith("warning: file:2: 'props' is no field of contact.changed and is ignored - did you mean")
    assert first.endswith(" (2 such lines)")
    assert second == "warning: file:3: web.visited without url: no condition on a page finds this visit"
    assert [(kind["where"], kind["lines"]) for kind in warnings.to_list()] == [("file:2", 2), ("file:3", 1)]


def test_the_number_of_kinds_is_bounded() -> None:
    texts = [b'{"type": "contact.changed", "properties%d": {}}' % number for number in range(50)]
    assert len(watch(*texts)[0].kinds) == MAX_KINDS


def test_a_line_whose_names_cannot_be_read_is_for_the_worker_to_refuse() -> None:
    for text in (
        b'{"type": "contact.changed", "\\ud800": 1}',
        b'{"type": "contact.changed", "props": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ):
        list(EventWarnings().watch(parse_json_lines([Line("file:1", text)])))
