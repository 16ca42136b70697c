"""A mapping makes no property by a slip: a name that is nearly known is refused, another one is told."""

from __future__ import annotations

import pytest

from schemas.definitions import STANDARD_PROPERTIES, PropertyType
from streams.errors import UsageError
from streams.publish.csv.mapping import parse_column_mapping, parse_column_pair, require_properties

TYPES: dict[str, PropertyType] = {**STANDARD_PROPERTIES, "employees": "number"}


def undeclared(*pairs: str) -> list[str]:
    mapping = parse_column_mapping(parse_column_pair(each) for each in ("No=contact", *pairs))
    return list(require_properties(mapping, TYPES))


@pytest.mark.parametrize(
    ("pair", "known"),
    [
        ("City=City", "city"),
        ("First Name=First Name", "first_name"),
        ("E-Mail=E-Mail", "email"),
        ("Staff=employes", "employees"),
        ("Seen=At", "at"),
        ("State=Status", "status"),
    ],
)
def test_a_name_that_is_nearly_known_is_refused_with_the_known_one(pair: str, known: str) -> None:
    column = pair.partition("=")[0]
    with pytest.raises(UsageError) as refusal:
        undeclared(pair)
    assert f"did you mean {column}={known}? {pair}:text makes a new property" in str(refusal.value)


def test_with_a_type_it_is_a_new_property_and_another_name_is_told() -> None:
    assert undeclared("City=City:text", "Town=city") == []
    assert undeclared("Shoe size=shoe_size", "Land=country", "Plan=plan") == ["shoe_size", "plan"]


@pytest.mark.parametrize("pair", ["Id=contact:text", "Seen=at:datetime", "State=status:text"])
def test_a_field_takes_no_type(pair: str) -> None:
    with pytest.raises(UsageError, match="is no property and takes no type; write"):
        parse_column_mapping([("No", "contact"), parse_column_pair(pair)])
