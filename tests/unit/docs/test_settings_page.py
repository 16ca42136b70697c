"""The page on settings lists them as they are, and what it says of files and other variables holds."""

from __future__ import annotations

from collections.abc import Iterator

from streams.environment import OTHER_VARIABLES, bounds_text, default_value, unit_of, value_text
from streams.kafka.deployment import DECIDING_SETTINGS
from streams.settings import Settings, variable_name
from tests.harness.project_files import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "settings.md").read_text()


def expected_rows() -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        takes = " ".join(text for text in (bounds_text(name), unit_of(name)) if text)
        value = default_value(name)
        default = "" if value in (None, "") else f"`{value_text(value)}`"
        yield f"| `{variable_name(name)}` | {default} | {takes} | {field.description} |"
    for variable, meaning in OTHER_VARIABLES.items():
        yield f"| `{variable}` | {meaning} |"


def test_the_tables_hold_every_setting_in_its_order() -> None:
    """To renew them, put the expected rows there."""
    assert [line for line in TEXT.splitlines() if line.startswith("| `")] == list(expected_rows())


def test_every_setting_that_decides_is_named_as_fixed() -> None:
    section = TEXT.partition("## What is fixed with the topics")[2].partition("\n\n- ")[0]
    for name in ("clock", "partitions", *DECIDING_SETTINGS):
        assert f"`{variable_name(name)}`" in section
