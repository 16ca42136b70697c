"""A condition to search by is checked within the account's definitions, by their engine version."""

from __future__ import annotations

import pytest

from streams.errors import UsageError
from streams.search.condition import condition_warnings, read_condition, validate_condition

CREATED = read_condition("{created: {older_than: 1d}}")


def test_a_word_that_the_accounts_version_does_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="created needs engine version 4, these definitions have 3") as refusal:
        validate_condition(CREATED, {"engine_version": 3, "segments": [{"id": "vip"}]})
    assert "segment search" not in str(refusal.value)


def test_a_word_of_the_accounts_version_is_accepted() -> None:
    assert validate_condition(CREATED, {"engine_version": 4}) is not None


def test_a_number_with_a_leading_zero_where_text_is_needed_is_told_how_to_write_it() -> None:
    document = read_condition(
        "all:\n  - {property: postal_code, eq: 01067}\n  - {property: city, in: [a, 007, 08.0]}"
    )
    with pytest.raises(UsageError) as refusal:
        validate_condition(document, {"segments": [{"id": "vip"}]})
    assert str(refusal.value).splitlines() == [
        "the condition:2: all[0].eq: text is needed here, and 01067 is read as a number; write '01067'",
        "the condition:3: all[1].in[1]: text is needed here, and 007 is read as a number; write '007'",
        "the condition:3: all[1].in[2]: text is needed here, and 08.0 is read as a number; write '08.0'",
    ]


def test_a_number_with_a_leading_zero_where_one_may_stand_gives_a_warning() -> None:
    document = read_condition("{property: zip, in: [01067, 0, 10.0]}")
    assert condition_warnings(document, {}) == [
        "the condition:1: in[0]: 01067 is read as a number, without its leading zero; write '01067' for the text"
    ]
    assert condition_warnings(read_condition("{property: zip, eq: '01067'}"), {}) == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{status: active}", "the condition:1: status: a mapping is needed here, not 'active'; such as {eq: active}"),
        ("{score: 50}", "the condition:1: score: a mapping is needed here, not 50; such as {eq: 50}"),
        (
            "{country: DE}",
            "the condition:1: country: unknown condition 'country';"
            " a property is asked for with {property: country, eq: DE}",
        ),
        (
            "{employees: 50}",
            "the condition:1: employees: unknown condition 'employees';"
            " a property is asked for with {property: employees, eq: 50}",
        ),
        (
            "{country: {eq: DE}}",
            "the condition:1: country: unknown condition 'country';"
            " a property is asked for with {property: country, eq: ...}",
        ),
        (
            "{activity: demo}",
            "the condition:1: activity: a mapping is needed here, not 'demo'; such as {name: {eq: demo}}",
        ),
        (
            "{visit: /pricing}",
            "the condition:1: visit: a mapping is needed here, not '/pricing'; such as {path: {eq: /pricing}}",
        ),
        (
            "any: [{tags: vip}]",
            "the condition:1: any[0].tags: a mapping is needed here, not 'vip'; such as {eq: vip}",
        ),
    ],
)
def test_a_value_in_place_of_an_operator_is_told_where_and_how_to_write_it(condition: str, message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        validate_condition(read_condition(condition), {})
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("segments", "condition", "message"),
    [
        (["hot-emea"], "{segment: hot}", "no segment is called hot - one of: hot-emea"),
        (["hot-emea", "vip"], "{segment: hot-emae}", "no segment is called hot-emae - did you mean hot-emea?"),
        ([], "{segment: hot}", "no segment is called hot"),
        ([], "{segment: serch}", "no segment is called serch"),
    ],
)
def test_a_segment_that_there_is_not_is_answered_with_those_of_the_account(
    segments: list[str], condition: str, message: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        validate_condition(read_condition(condition), {"segments": [{"id": name} for name in segments]})
    assert str(refusal.value) == f"the condition:1: segment: {message}"


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_condition_is_told_what_one_is(text: str) -> None:
    with pytest.raises(UsageError, match=r"^the condition is empty; one is such as \{property: country, eq: DE\}"):
        read_condition(text)
