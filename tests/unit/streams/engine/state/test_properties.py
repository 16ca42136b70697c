"""Property values are validated against their declared types."""

from __future__ import annotations

from typing import Any

import pytest

from streams.engine.journal.effects import Refusal
from streams.engine.state.properties import derive_properties, email_domain, validate_property


TOO_LARGE = 2 * 10**308
NEARLY_TOO_LARGE = 1.7976931348623157e308


@pytest.mark.parametrize(
    ("value", "declared", "canonical"),
    [
        ("Bonn", "text", "Bonn"),
        ("", "text", ""),
        (5, "number", 5),
        (5.5, "number", 5.5),
        (10**30 + 1, "number", 10**30 + 1),
        (18446744073709551615, None, 18446744073709551615),
        (10**308 + 10**307, "number", 10**308 + 10**307),
        (False, "boolean", False),
        ("2028-02-29", "date", "2028-02-29"),
        ("2026-03-01T10:00:00.1239+02:00", "datetime", "2026-03-01T10:00:00.1239+02:00"),
        ("2026-03-01 10:00:00z", "datetime", "2026-03-01 10:00:00z"),
        ("2026-03-01", "datetime", "2026-03-01"),
        ("0001-01-01", "datetime", "0001-01-01"),
        ([int(NEARLY_TOO_LARGE), 1.5], "list", [int(NEARLY_TOO_LARGE), 1.5]),
        ({"a": [{"b": int(NEARLY_TOO_LARGE)}]}, "object", {"a": [{"b": int(NEARLY_TOO_LARGE)}]}),
        (["a", 1, True], "list", ["a", 1, True]),
        ([], "list", []),
        ({"city": "Bonn"}, "object", {"city": "Bonn"}),
        ([{"sku": 1}, {}], "object", [{"sku": 1}, {}]),
        ({"any": [None]}, None, {"any": [None]}),
        (None, "number", None),
    ],
)
def test_a_value_that_fits_gets_its_canonical_form(value: Any, declared: Any, canonical: Any) -> None:
    result = validate_property("p", value, declared)
    assert result == canonical
    assert type(result) is type(canonical)


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        (5, "text"),
        ("5", "number"),
        (True, "number"),
        (10**400, "number"),
        (10**400, None),
        (1, "boolean"),
        ("true", "boolean"),
        ("2026-02-29", "date"),
        ("2026-03-01T00:00:00Z", "date"),
        ("20260301", "date"),
        (20260301, "date"),
        ("2026-03-01T10:00:00", "datetime"),
        ("2026-03-01T10:00", "datetime"),
        ("2026-02-29", "datetime"),
        ("9999-12-31T23:59:59.999-14:00", "datetime"),
        (1_700_000_000, "datetime"),
        (float("inf"), "number"),
        ("a,b", "list"),
        ([["a"]], "list"),
        ([None], "list"),
        (["a"], "object"),
        ("{}", "object"),
    ],
)
def test_a_value_of_another_type_is_refused_alone(value: Any, declared: Any) -> None:
    result = validate_property("p", value, declared)
    assert isinstance(result, Refusal)
    assert result.code == "wrong_property_type"


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ([1, TOO_LARGE], "list"),
        ({"a": TOO_LARGE}, "object"),
        ([{"a": 1}, {"b": {"c": [TOO_LARGE]}}], "object"),
        ([[TOO_LARGE]], None),
        ({"a": -TOO_LARGE}, None),
    ],
)
def test_a_number_beyond_a_double_is_refused_at_any_depth(value: Any, declared: Any) -> None:
    result = validate_property("p", value, declared)
    assert isinstance(result, Refusal)
    assert (result.code, result.message) == (
        "wrong_property_type",
        "p holds a number that is beyond a double's range",
    )
    assert validate_property("p", value, declared, 3) == value


def test_values_nested_very_deep_are_looked_through() -> None:
    value: Any = TOO_LARGE
    for _ in range(20_000):
        value = [value]
    assert isinstance(validate_property("p", value, None), Refusal)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("2026-03-01T10:00:00.1239+02:00", "2026-03-01T08:00:00.123Z"),
        ("2026-03-01t10:00:00Z", "2026-03-01T10:00:00.000Z"),
        ("2026-03-01", None),
    ],
)
def test_version_3_keeps_an_instant_in_utc_and_takes_no_date_for_it(value: str, kept: str | None) -> None:
    result = validate_property("p", value, "datetime", 3)
    assert (None if isinstance(result, Refusal) else result) == kept


def test_a_derived_property_cannot_be_set() -> None:
    result = validate_property("email_domain", "rival.example", "text")
    assert isinstance(result, Refusal)
    assert result.code == "derived_property"


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("anna@Rival.Example", "rival.example"),
        ('"a@b"@c.example', "c.example"),
        ("  x@y.example ", "y.example"),
        ("anna", None),
        ("@y.example", None),
        ("anna@", None),
        ("anna@y z", None),
        (5, None),
        (None, None),
    ],
)
def test_the_domain_follows_from_the_email(email: Any, domain: str | None) -> None:
    assert email_domain(email) == domain
    assert derive_properties({"email": email}) == ({} if domain is None else {"email_domain": domain})
