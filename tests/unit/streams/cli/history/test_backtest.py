"""The outputs that `leadstream backtest` writes are those that `replay` writes."""

from __future__ import annotations

import io

from schemas.topics import LEADS, SEGMENT_CHANGES
from streams.cli.history.backtest import _Writer
from streams.engine.journal.effects import TOMBSTONE, Output


def test_events_are_written_as_lines_and_tables_are_passed_over() -> None:
    file = io.BytesIO()
    writer = _Writer(file)
    writer.write(Output(SEGMENT_CHANGES.name, b"default/ada", b'{"type":"segment.entered"}', "segment.entered"))
    writer.write(Output(SEGMENT_CHANGES.name, b"default/ada", None, TOMBSTONE))
    writer.write(Output(LEADS.name, b"default/spring/ada", b"{}", "lead"))
    assert file.getvalue() == b'{"type":"segment.entered"}\n'
