"""Undeclared values from engine version 4 on: text that reads as a number counts as one, and a number as its text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.conditions.numbers import Numeric, number_from
from streams.engine.conditions.text import text_from
from tests.harness.engine.conditions import NOW, activity, holds, holds_after

LARGEST = "1.7976931348623157e308"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("23", 23),
        (" 23 ", 23),
        ("\u00a023\u3000", 23),
        ("\u202823\u2029", 23),
        ("\x85\t23\r\n\v\f", 23),
        ("23.0", 23),
        ("-0", 0),
        ("-0.0", 0),
        ("-1.5", Decimal("-1.5")),
        ("2.3e1", 23),
        ("23E+0", 23),
        ("9007199254740993", 9_007_199_254_740_993),
        ("9007199254740993.0", 9_007_199_254_740_993),
        ("900719925474099.30e1", 9_007_199_254_740_993),
        ("9007199254740992.5", Decimal("9007199254740992.5")),
        ("0.1", Decimal("0.1")),
        ("0.10000000000000001", Decimal("0.10000000000000001")),
        ("5e-324", Decimal("5e-324")),
        ("1e-400", 0),  # closer to 0 than any double
        ("1e-300000", 0),
        ("-1e-99999999999999999999", 0),
        ("0e999999999", 0),
        ("1" + 100_000 * "0" + "e-100000", 1),
        ("5." + 100_000 * "0", 5),
        (LARGEST, int(Decimal(LARGEST))),
        ("1" + 308 * "0", 10**308),
        ("-1" + 308 * "0", -(10**308)),
    ],
)
def test_a_text_that_is_a_json_number_counts_as_it(text: str, number: Numeric) -> None:
    found = number_from(text)
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "023",
        "-",
        "+5",
        "5.",
        ".5",
        "5e",
        "1,000",
        "1 000",
        "0x17",
        "23 %",
        "٢٣",  # Arabic digits
        "\uff12\uff13",  # digits of full width
        "2_3",
        "NaN",
        "Infinity",
        "true",
        "5\u200b",  # a space without width is no blank
        "5\x1f",
        "\ufeff5",
        "1.7976931348623159e308",
        "-1e309",
        "1e999999999",
        "1e99999999999999999999",
        "2" + 308 * "0",
        "1" + 309 * "0",
        "9" * 5_000,
        "9" * 5_000 + "e0",
    ],
)
def test_any_other_text_counts_as_no_number(text: str) -> None:
    assert number_from(text) is None


@pytest.mark.parametrize("value", [None, True, False, [], [5], {"a": 5}])
def test_what_is_neither_counts_as_no_number_and_no_text(value: Any) -> None:
    assert number_from(value) is None
    assert text_from(value) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (23, "23"),
        (23.0, "23"),
        (-0.0, "0"),
        (0, "0"),
        (-5, "-5"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e21, "1000000000000000000000"),
        (1e22, "10000000000000000000000"),
        (9_007_199_254_740_993, "9007199254740993"),
        (0.1 + 0.2, "0.30000000000000004"),
        (0.0001, "0.0001"),
        (1e-5, "1e-05"),
        (1.5e-7, "1.5e-07"),
    ],
)
def test_the_canonical_text_of_a_number(number: float, text: str) -> None:
    assert text_from(number) == text


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_the_canonical_text_of_a_number_reads_back(number: float) -> None:
    read = number_from(text_from(number))
    assert abs(number) > 1e308 or (read is not None and float(read) == float(number))


YES_AND_NO: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"eq": 23}, [23, 23.0, "23", "23.0", " 23 "], ["023", 24, "24", True, [23], {"a": 23}, None]),
    ({"eq": "23"}, [23, 23.0, "23"], ["23.0", " 23 ", "023", 24, None]),
    ({"eq": 1}, [1, "1", "1.0"], [True, "true"]),
    ({"eq": "1"}, [1], [True]),
    ({"eq": True}, [True], ["true", 1, "1"]),
    ({"eq": "true"}, ["true", "TRUE"], [True, 1]),
    ({"eq": 0}, [0, -0.0, "-0", "0.0"], ["", False, None]),
    ({"eq": "0"}, [0, -0.0, "0"], ["-0", "0.0", False]),
    ({"eq": "1E+2"}, ["1e+2"], [100, "100"]),
    ({"in": [23, "a"]}, [23, "23", " 23.0", "A"], ["023", True, 24, None]),
    ({"in": ["23", "a"]}, [23, 23.0, "23"], ["23.0", " 23", True]),
    ({"in": ["23", 5, True]}, [23, "23", "5.0", True, 5], ["23.0", "true", 1, False]),
    ({"gt": 5}, ["5.000001", 6, "6", " 6"], ["5", 5, "5.0", "abc", "", True, None, "06"]),
    ({"gte": 5}, ["5", "5.0", 5], ["4.999999", "05", None]),
    ({"lt": 5}, ["4.999999", -1, "-1"], ["5", 5, "", None, False]),
    ({"lte": 5}, ["5", "-9e9"], ["5.000001", None]),
    ({"between": [5, 7]}, ["5", "7.0", 6], ["4.999999", "7.000001", "five", True]),
    ({"gt": 9_007_199_254_740_992}, ["9007199254740993"], ["9007199254740992"]),
    ({"eq": 9_007_199_254_740_993}, ["9007199254740993.0", 9_007_199_254_740_993], ["9007199254740992.0"]),
    ({"eq": 9_007_199_254_740_992.0}, [9_007_199_254_740_992.0, "9007199254740992.0"], ["9007199254740993.0"]),
    ({"in": [9_007_199_254_740_993, "a"]}, ["9007199254740993.0"], ["9007199254740992.0", "9007199254740993.5"]),
    ({"in": [0.1, "a"]}, [0.1, "0.1", "0.10"], ["0.10000000000000001"]),
    ({"eq": 0.1}, [0.1, "0.1", "1e-1"], ["0.10000000000000001", "0.09999999999999999999"]),
    ({"lte": 0.1}, [0.1, "0.1"], ["0.10000000000000001"]),
    ({"gte": 0.1}, [0.1, "0.1", "0.10000000000000001"], ["0.09999999999999999999"]),
    ({"between": [0.1, 0.3]}, ["0.1", "0.3"], ["0.30000000000000001", "0.09999999999999999999"]),
    ({"eq": 1e23}, [1e23, "1e23", "1" + 23 * "0"], ["1" + 22 * "0" + "1"]),
    ({"contains": 0.1}, [["0.1"], [0.1]], [["0.10000000000000001"]]),
    ({"contains": "2"}, [23, "23", 1.25, ["2"], [2], [2.0]], [3, [23], "3", [True], None]),
    ({"contains": 2}, [[2], ["2"], [" 2.0 "]], [2, 23, "2", ["02"], [True], None]),
    ({"contains": True}, [[True]], [["true"], [1], True]),
    ({"starts_with": "2"}, [23, "23", 2.5], [32, [2]]),
    ({"ends_with": "3"}, [23, 23.0, "23"], [32, "23.0"]),
    ({"matches": "^2.$"}, [23, 23.0, "23"], [223, "23.0", [23]]),
    ({"contains_any": [2, "b"]}, [["2"], ["B"], [2.0]], [["02"], 2, "2", []]),
    ({"contains_all": [2, "3"]}, [["2.0", 3], [2, "3"]], [[2, "3.0"], ["2"]]),
    ({"contains_all": [True, 1]}, [[True, 1], [1.0, True]], [[True], [1], ["true", "1"]]),
    ({"contains_all": [0.1, "a"]}, [["A", 0.1], [{"k": 1}, [2], "0.10", "a"]], [["a", "0.10000000000000001"]]),
    ({"contains_all": [5, "5"]}, [[5], ["5"], ["5.0", 5]], [["5.0"], []]),
]
NEGATIONS = {"eq": "ne", "in": "not_in", "contains": "not_contains"}


@pytest.mark.parametrize(("operators", "inside", "outside"), YES_AND_NO)
def test_an_undeclared_value_counts_as_what_the_operand_is(
    operators: dict[str, Any], inside: list[Any], outside: list[Any]
) -> None:
    leaf = {"property": "u", **operators}
    assert [value for value in inside if not holds(leaf, {"u": value})] == []
    assert [value for value in outside if holds(leaf, {"u": value})] == []


@pytest.mark.parametrize(
    ("operators", "inside", "outside"), [row for row in YES_AND_NO if next(iter(row[0])) in NEGATIONS]
)
def test_a_negation_is_exact(operators: dict[str, Any], inside: list[Any], outside: list[Any]) -> None:
    ((name, operand),) = operators.items()
    leaf = {"property": "u", NEGATIONS[name]: operand}
    assert [value for value in inside if holds(leaf, {"u": value})] == []
    assert [value for value in outside if not holds(leaf, {"u": value})] == []


@pytest.mark.parametrize(("operators", "inside", "outside"), YES_AND_NO)
def test_so_does_a_field_inside_an_object_and_of_an_item(
    operators: dict[str, Any], inside: list[Any], outside: list[Any]
) -> None:
    nested = {"property": ["o", "u"], **operators}
    item = {"property": "o", "has_item": {"u": operators}}
    for values, expected in ((inside, True), (outside, False)):
        for value in values:
            assert holds(nested, {"o": {"u": value}}, o="object") is expected, value
            assert holds(item, {"o": [{"u": value}]}, o="object") is expected, value


@pytest.mark.parametrize(("operators", "inside", "outside"), YES_AND_NO)
def test_so_does_a_property_of_an_event(operators: dict[str, Any], inside: list[Any], outside: list[Any]) -> None:
    leaf = {"activity": {"u": operators}}
    for values, expected in ((inside, True), (outside, False)):
        for value in values:
            assert holds_after(leaf, [activity(NOW, "form", u=value)], NOW)[0] is expected, value


@pytest.mark.parametrize(
    ("operators", "value"),
    [
        ({"contains": 2}, ["2"]),
        ({"contains": "2"}, [2]),
        ({"contains_any": [2]}, ["2"]),
        ({"contains_all": ["2"]}, [2]),
    ],
)
def test_items_of_a_declared_list_stay_what_they_are(operators: dict[str, Any], value: list[Any]) -> None:
    leaf = {"property": "codes", **operators}
    assert holds(leaf, {"codes": value})
    assert not holds(leaf, {"codes": value}, codes="list")
    assert not holds({"tags": operators}, {"tags": value})


def test_two_operators_may_read_one_value_each_in_its_way() -> None:
    leaf = {"property": "u", "starts_with": "2", "gte": 5}
    assert [value for value in (23, "23", 2, "2", 32, "2x") if holds(leaf, {"u": value})] == [23, "23"]


def test_case_counts_in_a_canonical_text_that_is_asked_for_with_case() -> None:
    assert holds({"property": "u", "eq": "1E-05"}, {"u": 0.00001})
    assert not holds({"property": "u", "eq": "1E-05", "case_sensitive": True}, {"u": 0.00001})


def test_a_date_is_no_number_and_a_number_no_date() -> None:
    assert holds({"property": "u", "in": ["2026-03-10", 5]}, {"u": "5.0"})
    assert holds({"property": "u", "in": ["2026-03-10", 5]}, {"u": "2026-03-10T08:00:00Z"})
    assert not holds({"property": "u", "gte": 5}, {"u": "2026-03-10"})
    assert not holds({"property": "u", "gte": "2026-03-10"}, {"u": 20_260_310})
