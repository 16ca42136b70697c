"""Undeclared numbers and texts, told from the whole history: who meets whom, operand by operand."""

from __future__ import annotations

from typing import Any

import pytest

from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.model import ContactModel, HistoryActivity, PlainCondition

LARGEST = 2**1024 - 2**970 - 1
"""The largest whole number that rounds to a double."""


def meets(value: Any, version: int = 4, **operators: Any) -> bool:
    leaf = {"property": "x", **{name.rstrip("_"): operand for name, operand in operators.items()}}
    return holds(leaf, ContactModel({"x": value}, engine_version=version), 0)


@pytest.mark.parametrize("value", [23, 23.0, "23", "23.0", " 23 ", "2.3e1", "\u00a023\u2003", "\n23\t", "230E-1"])
def test_a_number_operand_is_met_by_what_reads_as_that_number(value: Any) -> None:
    assert meets(value, eq=23)
    assert meets(value, in_=[1, 23])
    assert meets(value, gte=23, lte=23)
    assert meets(value, between=[23, 24])
    assert not meets(value, ne=23)
    assert not meets(value, not_in=[23])
    assert not meets(value, gt=23)


@pytest.mark.parametrize(
    "value", ["023", "+23", "23.", ".23e2", "2 3", "23,0", "0x17", "\u0662\u0663", "23a", "", "NaN", "23_0", [23], {}]
)
def test_text_that_is_no_json_number_is_no_number(value: Any) -> None:
    assert not meets(value, eq=23)
    assert not meets(value, gte=0)
    assert not meets(value, lt=1000)
    assert meets(value, ne=23)
    assert meets(value, not_in=[23, 24])


@pytest.mark.parametrize("value", [23, 23.0, "23"])
def test_a_text_operand_is_met_by_that_text_and_by_the_number_that_is_written_so(value: Any) -> None:
    assert meets(value, eq="23")
    assert meets(value, in_=["x", "23"])
    assert not meets(value, ne="23")


@pytest.mark.parametrize("value", ["23.0", " 23 ", "023", 23.5, True, [23]])
def test_a_text_operand_is_met_by_no_other_writing(value: Any) -> None:
    assert not meets(value, eq="23")
    assert meets(value, ne="23")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e21, "1000000000000000000000"),
        (2.0**53, "9007199254740992"),
        (2**53 + 1, "9007199254740993"),
        (-5.50, "-5.5"),
    ],
)
def test_the_canonical_text_of_a_number(value: Any, text: str) -> None:
    assert meets(value, eq=text)
    assert meets(value, matches=f"^{text}$".replace(".", r"\."))
    assert not meets(value, eq=text + "0")


def test_a_text_that_reads_as_a_number_counts_to_the_last_digit() -> None:
    assert meets("9007199254740993", eq=2**53 + 1)
    assert not meets("9007199254740993", eq=2**53)
    assert meets("9007199254740993.0", eq=2**53 + 1)
    assert not meets("9007199254740993.0", eq=2**53)
    assert not meets("9007199254740993.0", eq=2.0**53)
    assert meets(2.0**53, eq=2**53)  # in JSON it is a double
    assert meets("900719925474099.30e1", in_=[5, 2**53 + 1])
    assert meets("0.1", eq=0.1, gte=0.1, between=[0.1, 0.1])
    assert not meets("0.10000000000000001", eq=0.1)
    assert meets("0.10000000000000001", gt=0.1)
    assert meets("1e23", eq=1e23)  # the operand as it is written
    assert meets("1" + 23 * "0", eq=1e23)


def test_text_is_trimmed_of_white_space_and_of_nothing_else() -> None:
    for blank in "\t\n\v\f\r \x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000":
        assert meets(f"{blank}5{blank}", eq=5)
    for character in "\x1c\x1d\x1e\x1f\u180e\u200b\ufeff":
        assert not meets(f"5{character}", eq=5)
        assert not meets(f"{character}5", gte=0)


def test_text_beyond_a_double_is_no_number() -> None:
    assert meets(str(LARGEST), gt=0)
    assert not meets(str(LARGEST + 1), gt=0)
    assert meets("1.7976931348623157e308", gt=0)
    assert not meets("1e309", gt=0)
    assert not meets("-1e309", lt=0)
    assert meets("1e-400", eq=0)
    assert meets("1e-300000", eq=0)
    assert meets("-1e-99999999999999999999", eq=0)
    assert meets("5e-324", gt=0)
    assert not meets("1e999999999", gt=0)
    assert meets("5." + 100_000 * "0" + "1", gt=5)
    assert not meets("9" * 5_000, gt=0)


def test_booleans_meet_booleans_only() -> None:
    assert meets(True, eq=True)
    assert not meets("true", eq=True)
    assert not meets(True, eq="true")
    assert not meets(1, eq=True)
    assert not meets(True, eq=1)
    assert not meets("1", eq=True)
    assert not meets(True, gte=0)
    assert not meets(False, contains="false")
    assert meets("true", ne=True)


def test_text_operators_read_a_number_as_its_text() -> None:
    assert meets(23, contains="2")
    assert meets(23.0, ends_with="3")
    assert meets(2.5, starts_with="2.")
    assert not meets(23, contains=".")
    assert not meets(23, not_contains="2")
    assert meets(23, matches="^2")
    assert not meets(23.0, matches=r"\.")


def test_a_number_operand_of_contains_looks_in_lists_only() -> None:
    assert not meets("23", contains=2)
    assert not meets(23, contains=2)
    assert not meets("23", contains=23)
    assert meets("23", not_contains=23)
    for items in ([2], ["2"], [" 2.0 "], [2.0, "x"]):
        assert meets(items, contains=2)
        assert not meets(items, not_contains=2)
    assert not meets([23, "02", True], contains=2)


def test_a_text_operand_of_contains_finds_a_whole_item() -> None:
    assert meets([23], contains="23")
    assert meets([23.0, "x"], contains="23")
    assert not meets(["23.0"], contains="23")
    assert not meets([230], contains="23")


def test_items_of_undeclared_lists_meet_operand_by_operand() -> None:
    assert meets(["5", True], contains_any=["05", 5])
    assert not meets(["5", True], contains_any=["05", "true"])
    assert meets([5, "23"], contains_all=["5", 23])
    assert not meets([5, "23.0"], contains_all=["5", "23"])


def test_fields_inside_objects_have_no_declared_type() -> None:
    model = ContactModel({"home": {"floor": "3", "flats": ["7"]}}, {"home": "object"})
    assert holds({"property": ["home", "floor"], "gte": 3}, model, 0)
    assert holds({"property": ["home", "flats"], "contains": 7}, model, 0)
    orders = ContactModel({"orders": [{"no": "1", "sum": "x"}, {"no": 2, "sum": " 50 "}]}, {"orders": "object"})
    assert holds({"property": "orders", "has_item": {"no": {"eq": "2"}, "sum": {"gte": 50}}}, orders, 0)
    assert not holds({"property": "orders", "has_item": {"no": {"eq": 1}, "sum": {"gte": 50}}}, orders, 0)


def test_a_declared_type_stays_strict() -> None:
    for value in ("5", " 5 "):
        assert not holds({"property": "x", "gte": 5}, ContactModel({"x": value}, {"x": "number"}), 0)
    assert not holds({"property": "x", "contains": "5"}, ContactModel({"x": 5}, {"x": "text"}), 0)
    tags = ContactModel({"tags": ["5"]}, {"tags": "list"})
    assert not holds({"tags": {"contains": 5}}, tags, 0)
    assert holds({"tags": {"contains": "5"}}, tags, 0)


def test_fields_of_events_are_read_alike() -> None:
    leaf: PlainCondition = {"activity": {"amount": {"gte": 100}}}
    for amount, expected in ((100, True), ("100", True), (" 100.0", True), ("0100", False), ("99.99", False)):
        event = HistoryActivity(0, {"properties": {"amount": amount}}, "purchase", is_visit=False)
        assert holds(leaf, ContactModel(activities=[event]), 0) is expected
    page = HistoryActivity(0, {"url": "https://acme.example/?page=07&size=10", "title": "5"})
    model = ContactModel(activities=[page])
    assert holds({"visit": {"query.size": {"gt": 9}}}, model, 0)
    assert not holds({"visit": {"query.page": {"gt": 0}}}, model, 0)
    assert holds({"visit": {"title": {"eq": 5}}}, model, 0)


@pytest.mark.parametrize(
    ("value", "operators"),
    [
        ("23", {"gte": 5}),
        ("23", {"eq": 23}),
        (23, {"eq": "23"}),
        (23, {"contains": "2"}),
        (23, {"matches": "2"}),
        (["5"], {"contains": 5}),
        ([5], {"contains_any": ["5"]}),
        ([{"k": "5"}], {"has_item": {"k": {"eq": 5}}}),
    ],
)
def test_before_version_4_numbers_and_texts_never_meet(value: Any, operators: dict[str, Any]) -> None:
    assert not meets(value, version=3, **operators)
    assert meets(value, **operators)
