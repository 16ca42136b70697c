"""A mapping makes no property by a slip: a name that is nearly known is refused, another one is told."""

from __future__ import annotations

import shlex

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
    advice = str(refusal.value).partition("; did you mean ")[2]
    # What is typed as it stands, also where a name has blanks.
    words = shlex.split(advice.replace("?", ""))
    assert words == ["--map", f"{column}={known}", "--map", f"{pair}:text", "makes", "a", "new", "property"]


@pytest.mark.parametrize(
    ("pair", "hint"),
    [
        ("Customer=Contact", "; is --map Customer=contact meant?"),
        ("Customer No=CONTACT", "; is --map 'Customer No=contact' meant?"),
        ("contact=Customer", "; in --map contact=Customer the column is 'contact': it stands before the ="),
        ("Customer=id", "; --map COLUMN=contact names its column"),
    ],
)
def test_a_mapping_without_a_contact_says_what_to_type(pair: str, hint: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_column_mapping([parse_column_pair(pair)])
    assert str(refusal.value) == f"no column is mapped to contact; the contact's id is needed{hint}"


def test_with_a_type_it_is_a_new_property_and_another_name_is_told() -> None:
    assert undeclared("City=City:text", "Town=city") == []
    assert undeclared("Shoe size=shoe_size", "Land=country", "Plan=plan") == ["shoe_size", "plan"]


@pytest.mark.parametrize("pair", ["Id=contact:text", "Seen=at:datetime", "State=status:text"])
def test_a_field_takes_no_type(pair: str) -> None:
    with pytest.raises(UsageError, match="is no property and takes no type; write"):
        parse_column_mapping([("No", "contact"), parse_column_pair(pair)])
