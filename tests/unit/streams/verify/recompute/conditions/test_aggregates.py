"""`sum`, `average` and `distinct`, to the last digit and the last millisecond."""

from __future__ import annotations

from typing import Any

import pytest

from streams.verify.recompute.conditions.evaluate import holds
from streams.verify.recompute.conditions.instants import leaf_change_instants
from streams.verify.recompute.conditions.numbers import read_amount
from streams.verify.recompute.model import ContactModel, HistoryActivity

NOW = 1_000_000


def model_of(*values: Any, at: int = NOW) -> ContactModel:
    events = [HistoryActivity(at, {"properties": {"amount": value}}, "buy", is_visit=False) for value in values]
    return ContactModel(activities=events)


def sums_to(model: ContactModel, now: int = NOW, **operators: Any) -> bool:
    return holds({"activity": {}, "sum": {"of": "amount", **operators}}, model, now)


def averages(*values: Any, **operators: Any) -> bool:
    return holds({"activity": {}, "average": {"of": "amount", **operators}}, model_of(*values), NOW)


def counts(*values: Any, **operators: Any) -> bool:
    return holds({"activity": {}, "distinct": {"of": "amount", **operators}}, model_of(*values), NOW)


def test_a_sum_is_exact() -> None:
    assert sums_to(model_of(0.1, 0.2), eq=0.3)
    assert sums_to(model_of(*[0.1] * 10), eq=1)
    assert sums_to(model_of(10**15, 0.000001, -(10**15)), eq=0.000001)
    assert not sums_to(model_of(0.1, 0.2), gt=0.3)
    assert not sums_to(model_of(0.1, 0.2), gte=0.3000001)


def test_numbers_as_text_are_added_and_all_else_is_skipped() -> None:
    mixed = model_of(5, "5", " 2.5 ", "05", "x", True, None, [5], {"a": 5})
    assert sums_to(mixed, eq=12.5)
    assert averages(5, "5", " 2.5 ", "05", "x", True, None, [5], eq=12.5 / 3) is False
    assert averages(5, "5", " 2 ", "x", True, None, [5], eq=4)


@pytest.mark.parametrize(
    ("value", "millionths"),
    [
        (0.0000005, 0),
        (0.0000015, 2),
        ("0.0000025", 2),
        (-0.0000015, -2),
        (0.00000050001, 1),
        (1.0000005, 1_000_000),
        (1e-320, 0),
        (10**15, 10**21),
        (-(10**15), -(10**21)),
        ("1e15", 10**21),
        ("999999999999999.123456", 999_999_999_999_999_123_456),
        ("1000000000000000.01", None),
        ("-1000000000000000." + 40 * "0" + "1", None),
        ("0.00000050000000000000000001", 1),
        ("0.0000005" + 60 * "0" + "1", 1),
        ("0.00000050", 0),
        ("1e-300000", 0),
        (10**15 + 1, None),
        (-1000000000000000.125, None),
        (2**53, None),
        (1e300, None),
        ("1e400", None),
        (True, None),
    ],
)
def test_a_value_is_rounded_half_even_and_a_huge_one_is_skipped(value: Any, millionths: int | None) -> None:
    assert read_amount(value) == millionths


def test_an_empty_sum_is_zero_and_an_empty_average_is_missing() -> None:
    assert sums_to(model_of(), eq=0)
    assert sums_to(model_of("x"), lte=0)
    assert not sums_to(model_of(), gt=0)
    for name, operand in (("lt", 5), ("gte", 0), ("eq", 0), ("between", [-1, 1]), ("lte", 0)):
        assert not averages(**{name: operand})
        assert not averages("x", 10**16, **{name: operand})


def test_an_average_is_compared_without_dividing() -> None:
    assert not averages(1, 0, 0, eq=0.333333)
    assert averages(1, 0, 0, gt=0.333333)
    assert averages(1, 0, 0, lt=0.3333333333333334)
    assert averages(0.1, 0.2, eq=0.15)
    assert averages(0.1, 0.2, 0.6, between=[0.3, 0.3])
    assert averages(7, "8", gte=7.5, lte=7.5)
    assert not averages(7, "8", gt=7.5)


def test_distinct_values_are_numbers_or_folded_texts() -> None:
    assert counts(5, 5.0, "5", " 5.0 ", "5e0", eq=1)
    assert counts("05", 5, eq=2)
    assert counts("Café", "CAFE\u0301", "cafe", eq=2)
    assert counts("Straße", "STRASSE", " strasse", eq=2)
    assert counts(2**53, 2**53 + 1, float(2**53), eq=2)
    assert counts(0.0000001, 0.0000002, eq=2)
    assert counts(0, -0.0, "-0", "", eq=2)
    assert counts(None, ["a"], {"a": 1}, eq=0)
    assert counts(True, True, eq=1)
    assert counts(True, False, "true", 1, eq=4)
    assert counts("0.10", 0.1, "1e-1", "0.1000000000000000055", eq=2)
    assert counts("9007199254740993.0", 2**53 + 1, 2**53, eq=2)
    assert counts(lt=1)


def test_distinct_reads_fields_as_filters_do() -> None:
    pages = ("https://acme.example/A", "https://acme.example/a?x=1", "https://acme.example/b")
    events = [HistoryActivity(NOW, {"url": url}) for url in pages]
    events.append(HistoryActivity(NOW, {"properties": {"url": "https://acme.example/c"}}, "form", is_visit=False))
    model = ContactModel(activities=events)
    assert holds({"activity": {}, "distinct": {"of": "path", "eq": 3}}, model, NOW)
    assert holds({"visit": {}, "distinct": {"of": "path", "between": [2, 2]}}, model, NOW)
    assert holds({"activity": {}, "distinct": {"of": "name", "gt": 1}}, model, NOW)


def test_a_sum_is_of_properties() -> None:
    event = HistoryActivity(NOW, {"title": "7", "properties": {"title": 5, "cart": {"total": "8"}}})
    model = ContactModel(activities=[event])
    assert holds({"visit": {}, "sum": {"of": "title", "eq": 5}}, model, NOW)
    assert holds({"visit": {}, "sum": {"of": "cart.total", "eq": 8}}, model, NOW)


def test_only_the_matching_ones_in_the_window_count() -> None:
    model = model_of(5)
    model.activities += model_of(7, at=NOW + 10).activities
    leaf = {"activity": {}, "sum": {"of": "amount", "gte": 5}, "within": "PT0.1S"}
    assert not holds(leaf, model, NOW - 1)
    assert holds(leaf, model, NOW)
    filtered = {"activity": {"amount": {"gt": 5}}, "sum": {"of": "amount", "eq": 7}, "within": "PT0.1S"}
    assert holds(filtered, model, NOW + 109)
    assert not holds(filtered, model, NOW + 110)
    ago = {"activity": {}, "average": {"of": "amount", "eq": 7}, "between_ago": ["PT0.1S", "PT0.005S"]}
    assert not holds(ago, model, NOW + 99)
    assert holds(ago, model, NOW + 100)
    assert not holds(ago, model, NOW + 110)
    assert NOW + 100 in set(leaf_change_instants(ago, model, NOW, NOW + 200))


def test_an_empty_sum_counts_where_the_window_is_left() -> None:
    leaf = {"activity": {}, "sum": {"of": "amount", "lt": 1}, "within": "PT0.1S"}
    assert not holds(leaf, model_of(5), NOW + 99)
    assert holds(leaf, model_of(5), NOW + 100)
