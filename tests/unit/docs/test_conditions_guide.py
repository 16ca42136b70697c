"""The guide to conditions is correct: every example in it is tested, to the millisecond."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from schemas import conditions as c
from schemas.definitions import PropertyType
from schemas.values import duration_ms, instant_ms, instant_text
from streams.definitions import load_definitions
from streams.engine.validation.operators import ORDERED_OPERATORS_BY_TYPE
from tests.harness.docs.guide import (
    GUIDE,
    KINDS,
    SEGMENT,
    Block,
    Example,
    account_text,
    blocks,
    definitions_for,
    examples,
    iter_conditions,
    parse_yaml,
    segment_text,
    tables,
    with_condition,
)
from tests.harness.docs.guide_coverage import all_words, words_in
from tests.harness.docs.guide_scenarios import ScenarioLine, parse_scenario, wrong_lines, wrong_lines_without_ticks

TEXT = GUIDE.read_text()
ACCOUNT = account_text(TEXT)
EXAMPLES = examples(TEXT)
VALUES = tables(TEXT, "| condition | in for | out for |")
ACTIONS = tables(TEXT, "| condition | in after | out after |")
BOUNDARIES = tables(TEXT, "| condition | what happened | boundary | 1 ms before | at it | 1 ms after |")
ARITHMETIC = tables(TEXT, "| written | means (on 2026-03-10 at 12:00) |")
REFERENCE = tables(TEXT, "| subject | takes | is true when |")

TABLE_INSTANT = 1_773_144_000_000
"""2026-03-10T12:00:00Z: the instant at which the tables are evaluated."""
MIDNIGHT = 1_772_409_600_000
"""2026-03-02T00:00:00Z: `t` in the table of boundaries."""
CONDITION = "yaml condition"
EARLIER = duration_ms("60d")


def outcomes(kind: str) -> list[tuple[Example, Block]]:
    return [(example, block) for example in EXAMPLES for block in example.outcomes if block.kind == kind]


def named(pair: object) -> str | None:
    return f"line {pair.line}" if isinstance(pair, Block) else None


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert [(block.line, block.kind) for block in blocks(TEXT) if block.kind not in KINDS] == []
    assert TEXT.count("```") == 2 * len(blocks(TEXT))
    assert not re.search(r"^( {4}|\t)\S", re.sub(r"(?s)```.*?```", "", TEXT), re.MULTILINE), "indented code"


def test_every_condition_is_followed_by_its_outcome() -> None:
    silent = [each.source.line for each in EXAMPLES if not each.outcomes and each.source.kind != "yaml account"]
    assert silent == []
    outcome_blocks = [block for block in blocks(TEXT) if block.kind in ("text story", "text refused", "console")]
    assert sum(len(each.outcomes) for each in EXAMPLES) == len(outcome_blocks)


def test_a_file_is_checked_by_a_command_that_names_it() -> None:
    commands = [(example.source.name, block.text) for example, block in outcomes("console")]
    assert commands
    assert [text for name, text in commands if name is None or name not in text] == []
    assert [example.source.line for example, _ in outcomes("text refused") if example.source.kind != CONDITION] == []


@pytest.mark.parametrize(("example", "scenario"), outcomes("text story"), ids=named)
def test_the_engine_agrees_with_each_scenario_of_the_guide(example: Example, scenario: Block) -> None:
    definitions, lines = definitions_for(example, ACCOUNT), parse_scenario(scenario.text)
    assert any(line.outcomes for line in lines)
    assert wrong_lines(definitions, lines) == []
    assert wrong_lines(definitions, lines, with_empty_events=True) == []
    assert wrong_lines_without_ticks(definitions, lines) == []


@pytest.mark.parametrize(("example", "refusal"), outcomes("text refused"), ids=named)
def test_what_the_guide_calls_wrong_is_refused_in_these_words(
    example: Example, refusal: Block, tmp_path: Path
) -> None:
    around, mine = tmp_path / "account.yaml", tmp_path / "segments.yaml"
    around.write_text(ACCOUNT)
    mine.write_text(segment_text(example.source.text))
    problems = [str(problem) for problem in load_definitions([around, mine]).problems]
    messages = [problem.partition(": segments[0].")[2] for problem in problems]
    assert messages == refusal.text.splitlines()


def parse_row(row: list[str]) -> tuple[str, list[str], list[str]]:
    """Returns the condition of a row, the values that are in, and those that are out; `missing` is no value."""
    condition, inside, outside = row
    return condition.strip("`"), spans(inside), spans(outside)


def spans(cell: str) -> list[str]:
    values = re.findall(r"`([^`]+)`|\bmissing\b", cell)
    assert re.sub(r"`[^`]+`|missing|[, ]", "", cell) == "", f"cannot be read: {cell}"
    return values


def nested(keys: str | list[str], value: Any) -> dict[str, Any]:
    for key in reversed([keys] if isinstance(keys, str) else keys):
        value = {key: value}
    return value if isinstance(value, dict) else {}


def value_line(condition: str, value: str) -> str:
    """Returns the scenario line that gives a contact the value for the condition."""
    leaf = parse_yaml(condition)
    leaf = leaf.get("not", leaf)
    if not value:
        return "sets {source: table}"
    if "score" in leaf:
        return f"score {value}"
    field = "tags" if "tags" in leaf else leaf["property"]
    name = field if isinstance(field, str) else field[0]  # for a key in an object the row has the object
    return f"sets {{{name}: {value}}}"


@pytest.mark.parametrize("row", VALUES, ids=lambda row: row[0].strip("`"))
def test_each_value_of_a_table_is_in_or_out_as_it_says(row: list[str]) -> None:
    condition, inside, outside = parse_row(row)
    assert inside or outside
    for value, outcome in [(v, "in") for v in inside] + [(v, "out") for v in outside]:
        line = ScenarioLine(
            TABLE_INSTANT, value_line(condition, value), (outcome,), f"{value or 'missing'} is {outcome}"
        )
        assert wrong_lines(with_condition(ACCOUNT, condition), [line]) == []


@pytest.mark.parametrize("row", ACTIONS, ids=lambda row: row[0].strip("`"))
def test_each_event_of_a_table_brings_in_or_leaves_out_as_it_says(row: list[str]) -> None:
    condition, inside, outside = parse_row(row)
    for action, outcome in [(a, "in") for a in inside] + [(a, "out") for a in outside]:
        line = ScenarioLine(TABLE_INSTANT, action, (outcome,), f"{action} is {outcome}")
        assert wrong_lines(with_condition(ACCOUNT, condition), [line]) == []


def boundary_scenario(what: str, boundary: str, expected: list[str]) -> list[ScenarioLine]:
    """Returns lines for the three instants around a boundary and for the event, in order of time."""
    sign_and_length = re.fullmatch(r"t(?: ([+-]) (\w+))?", boundary)
    assert sign_and_length is not None, boundary
    sign, length = sign_and_length.groups()
    at = MIDNIGHT + (0 if length is None else duration_ms(length) * (-1 if sign == "-" else 1))
    is_value = re.fullmatch(r"`(\w+)` is t", what)
    if is_value:
        event_line = ScenarioLine(MIDNIGHT - EARLIER, f"sets {{{is_value[1]}: {instant_text(MIDNIGHT)}}}", (), what)
    else:
        match = re.fullmatch(r"`(.+)` at t", what)
        assert match is not None, what
        event_line = ScenarioLine(MIDNIGHT, match[1], (), what)
    instants = zip((at - 1, at, at + 1), expected, strict=True)
    looks = [ScenarioLine(instant, "...", (outcome,), f"{boundary}: {outcome}") for instant, outcome in instants]
    # The event comes before a check at its own instant.
    return sorted([event_line, *looks], key=lambda line: line.at)


@pytest.mark.parametrize("row", BOUNDARIES, ids=lambda row: f"{row[0]} {row[2]}")
def test_each_boundary_is_exact_to_the_millisecond(row: list[str]) -> None:
    condition, what, boundary, *expected = row
    assert set(expected) == {"in", "out"}
    lines = boundary_scenario(what, boundary, expected)
    definitions = with_condition(ACCOUNT, condition.strip("`"))
    assert wrong_lines(definitions, lines) == []
    assert wrong_lines(definitions, lines, with_empty_events=True) == []
    assert wrong_lines_without_ticks(definitions, lines) == []


@pytest.mark.parametrize("row", ARITHMETIC, ids=lambda row: row[0].strip("`"))
def test_date_arithmetic_means_what_the_table_says(row: list[str]) -> None:
    expression, means = row[0].strip("`"), row[1]
    instant = re.search(r"(\d{4}-\d\d-\d\d)(?: (\d\d:\d\d)$|, the whole day$)", means)
    assert instant is not None, means
    day, minute = instant.groups()
    first = instant_ms(f"{day}T{minute or '00:00'}:00Z")
    last = first if minute else first + duration_ms("1d") - 1
    definitions = with_condition(ACCOUNT, f"{{property: demo_at, eq: '{expression}'}}")
    for at, outcome in [(first - 1, "out"), (first, "in"), (last, "in"), (last + 1, "out")]:
        line = ScenarioLine(TABLE_INSTANT, f"sets {{demo_at: {instant_text(at)}}}", (outcome,), instant_text(at))
        assert wrong_lines(definitions, [line]) == []


def example_conditions() -> list[Any]:
    """Returns every condition with a scenario or a table; refused ones have none."""
    conditions: list[Any] = []
    for example, _ in outcomes("text story"):
        conditions += iter_conditions(definitions_for(example, ACCOUNT))
    return conditions + [parse_yaml(row[0].strip("`")) for row in [*VALUES, *ACTIONS, *BOUNDARIES]]


def test_every_subject_and_operator_of_the_language_has_an_example() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(c.Condition)
    used = {use for raw in example_conditions() for use in words_in(adapter.validate_python(raw))}
    assert sorted(all_words() - used) == []


def test_the_words_of_the_language_are_found() -> None:
    words = all_words()
    assert {("PropertyLeaf", "held_for"), ("Operators", "in"), ("Regular", "each"), ("NotOf", "not")} <= words
    assert len({model for model, _ in words}) >= len(c.SUBJECTS)


def test_the_reference_has_every_subject_and_every_operator() -> None:
    subjects = set(re.findall(r"`(\w+)", " ".join(row[0] for row in REFERENCE)))
    assert subjects == set(c.SUBJECTS)
    code = " ".join(part for row in REFERENCE for cell in row for part in re.findall(r"`[^`]+`", cell))
    words = set(re.findall(r"\w+", code))
    assert sorted({word for _, word in all_words()} - words) == []


def test_the_table_of_types_is_that_of_the_engine() -> None:
    rows = tables(TEXT, "| type | operators |")
    assert {row[0]: tuple(re.findall(r"`(\w+)`", row[1])) for row in rows} == dict(ORDERED_OPERATORS_BY_TYPE)
    assert {row[0] for row in rows} == set(get_args(PropertyType))


def test_every_link_inside_the_guide_leads_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", re.sub(r"(?s)```.*?```", "", TEXT), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert [link for link in re.findall(r"\]\(#([^)]+)\)", TEXT) if link not in anchors] == []
    assert [link for link in re.findall(r"\]\(([\w-]+\.md)\)", TEXT) if not (GUIDE.parent / link).exists()] == []


class TestTheGuidesOwnChecks:
    """The checks find errors in a guide: they can fail."""

    def test_a_wrong_scenario_is_found(self) -> None:
        definitions = with_condition(ACCOUNT, "{visit: {}, within: 7d}")
        lines = parse_scenario("2026-03-02 09:00  visits /  -> in\n2026-03-09 09:00  ...  -> in\n")
        assert wrong_lines(definitions, lines) == [(lines[1].text, "out")]
        assert wrong_lines_without_ticks(definitions, lines) == [(lines[1].text, "out")]

    def test_a_line_that_cannot_be_read_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="no line of a story"):
            parse_scenario("on Monday  visits /  -> in\n")

    def test_an_event_that_is_refused_is_an_error(self) -> None:
        line = parse_scenario("2026-03-02 09:00  sets {employees: many}  -> out\n")
        with pytest.raises(ValueError, match="wrong_property_type"):
            wrong_lines(with_condition(ACCOUNT, "{all: []}"), line)

    def test_a_block_that_is_not_closed_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="line 2"):
            blocks("a\n```yaml condition\n{}\n")

    def test_other_fences_are_recognized_too(self) -> None:
        assert [block.kind for block in blocks("~~~yaml\na\n~~~\n  ````\nb\n  ````\n")] == ["yaml", ""]

    def test_a_single_condition_becomes_a_named_segment(self) -> None:
        assert with_condition(ACCOUNT, "{all: []}")["segments"][-1]["id"] == SEGMENT
