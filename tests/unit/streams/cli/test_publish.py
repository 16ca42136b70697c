"""`leadstream publish`: which files are an error as a whole, and what a dry run shows, without a broker."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli.csv_options import CsvOptions
from streams.cli.publish import Format, publish
from streams.publish.csv.events import CsvEventBuilder
from streams.settings import Settings

VISIT = '192.0.2.7 - - [17/May/2015:10:05:03 +0000] "GET /pricing HTTP/1.1" 200 512 "-" "agent"\n'
CLIENTS = "203.0.113.7, 10.0.0.1" + VISIT[9:]


@pytest.fixture(autouse=True)
def _without_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(options: CsvOptions, _settings: Settings, account: str) -> CsvEventBuilder:
        at = "2026-03-01T00:00:00.000Z"
        return CsvEventBuilder(options.column_mapping(), {"city": "text"}, account, at, load="1", form=options.form())

    monkeypatch.setattr(CsvOptions, "event_builder", build)


def exit_code(format_: Format, *files: Path, **options: Any) -> int:
    """Returns the exit code of a dry run; that of publishing has the same rule."""
    try:
        publish([str(file) for file in files], format_=format_, dry_run=True, **options)
    except typer.Exit as end:
        return end.exit_code
    return 0


@pytest.mark.parametrize("content", [CLIENTS, "what is this\n", '{"a": 1}\n{\n'])
@pytest.mark.parametrize("is_gzipped", [False, True])
def test_a_log_of_which_nothing_could_be_read_is_an_error_however_it_is_packed(
    tmp_path: Path, content: str, is_gzipped: bool
) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(gzip.compress(content.encode()) if is_gzipped else content.encode())
    assert exit_code(Format.ACCESS_LOG, log) == 65
    assert exit_code(Format.ACCESS_LOG, log, log) == 65


def test_one_visit_in_one_of_the_logs_is_enough(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.log", tmp_path / "good.log"
    bad.write_text("what is this\n" * 1_000)
    good.write_text(VISIT)
    assert exit_code(Format.ACCESS_LOG, bad, good) == 0


@pytest.mark.parametrize("rows", [",,,\n", "\n\n", '"","","",""\n\t,,,\n', ",,,,,,\n"])
def test_blank_rows_of_a_table_are_no_error(tmp_path: Path, rows: str) -> None:
    table = tmp_path / "people.csv"
    table.write_text(f"No,City,A,B\n{rows}ada,Ulm,,\n{rows}")
    assert exit_code(Format.CSV, table, map_=["No=contact", "City=city"]) == 0
    table.write_text(f"No,City,A,B\n{rows},Ulm,,\n")
    assert exit_code(Format.CSV, table, map_=["No=contact", "City=city"]) == 65


@pytest.mark.parametrize(
    ("format_", "content", "options"),
    [
        (
            Format.JSONL,
            '{"id": "1", "type": "contact.changed", "at": "2026-03-01T00:00:00Z", "contact": "ada"}\n{\n',
            {},
        ),
        (Format.CSV, "No,City\nada,Ulm\nbob\n", {"map_": ["No=contact", "City=city"]}),
        (Format.ACCESS_LOG, VISIT + "what is this\n", {}),
    ],
)
def test_a_dry_run_of_each_format_shows_events_and_refused_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: Format, content: str, options: dict[str, Any]
) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    exit_code(format_, file, **options)
    shown = capsys.readouterr()
    event, summary = shown.out.splitlines()
    assert json.loads(event)["contact"] in ("ada", "192.0.2.7")
    assert summary == "nothing sent; 1 event would be published, 1 line refused"
    assert shown.err.startswith(f"would be refused: {file}:")
    exit_code(format_, file, **options, as_json=True)
    report = json.loads(capsys.readouterr().out)
    assert (report["would_publish"], report["refused"]) == (1, 1)
    assert report["first_events"] == [json.loads(event)]
