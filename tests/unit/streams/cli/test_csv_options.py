"""The options of `publish --format csv`: values that make no sense are refused in one line that says what to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.cli import publish as publish_module
from streams.cli.csv_options import CsvOptions
from streams.errors import UsageError
from streams.publish.csv.events import CsvEventBuilder
from streams.settings import Settings

UNUSED: dict[str, Any] = {
    **dict.fromkeys(("mapping_file", "column_pairs", "unread_columns", "delimiter", "encoding", "decimal")),
    **dict.fromkeys(("date_formats", "zone", "list_separator", "null_words", "load", "at")),
    "normalize_ids": False,
}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"delimiter": "--"}, "one character stands between cells, not '--'"),
        ({"delimiter": "tab"}, "not 'tab'; '\\t' is a tab"),
        ({"delimiter": ""}, "one character stands between cells, not ''"),
        ({"delimiter": '"'}, "quotes and ends of lines have a meaning of their own"),
        ({"decimal": ";"}, "'.' or ',' stands before decimals, not ';'"),
        ({"encoding": "ansi-utf"}, "is no encoding; there are utf-8, utf-16, latin-1, cp1252"),
        ({"date_formats": ["%d.%m"]}, "names no day; a format is like %d.%m.%Y %H:%M"),
        ({"zone": "CET+1"}, "zones are named as Europe/Berlin or UTC"),
        ({"list_separator": " "}, "something that is no blank stands between items"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        CsvOptions(**{**UNUSED, **option}).form()
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_what_was_not_given_is_left_to_the_files() -> None:
    form = CsvOptions(**UNUSED).form()
    assert (form.delimiter, form.encoding, form.decimal, form.zone, form.list_separator) == (None,) * 5
    named = CsvOptions(**{**UNUSED, "encoding": "Latin-1", "null_words": [" NULL ", ""], "decimal": ","}).form()
    assert (named.encoding, named.null_words, named.decimal) == ("iso8859-1", frozenset({"NULL", ""}), ",")


@pytest.mark.parametrize("separator", ["\\t", "\t"])
def test_a_tab_may_be_written_as_two_characters(separator: str) -> None:
    form = CsvOptions(**{**UNUSED, "delimiter": separator, "list_separator": separator}).form()
    assert (form.delimiter, form.list_separator) == ("\t", "\t")


def test_a_run_that_is_interrupted_tells_its_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(options: CsvOptions, _settings: Settings, account: str) -> CsvEventBuilder:
        return CsvEventBuilder(options.column_mapping(), {}, account, None, load=options.load or "")

    async def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(CsvOptions, "event_builder", build)
    monkeypatch.setattr(publish_module, "_publish", interrupt)
    file = tmp_path / "people.csv"
    file.write_text("No\nada\n")
    with pytest.raises(KeyboardInterrupt):
        publish_module.publish([str(file)], format_=publish_module.Format.CSV, map_=["No=contact"], load="march")
    assert capsys.readouterr().err == (
        "load march: with --load march the same files continue it, and no row counts twice\n"
    )


@pytest.mark.parametrize(
    "option",
    [
        {"mapping_file": Path("columns.yaml")},
        {"delimiter": ","},
        {"null_words": ["NULL"]},
        {"normalize_ids": True},
        {"load": "1"},
        {"date_formats": ["unix"], "zone": "UTC"},
    ],
)
def test_for_other_formats_every_one_of_them_is_refused(option: dict[str, Any]) -> None:
    CsvOptions(**UNUSED).require_unused()
    with pytest.raises(UsageError, match="options that are for --format csv: --"):
        CsvOptions(**{**UNUSED, **option}).require_unused()
