"""Of several loads of contact rows the last holds; a load that is continued changes nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streams.engine.journal.effects import Output
from streams.engine.settings import DEFAULT_ENGINE_SETTINGS
from streams.publish.lines import Line, parse_json_lines
from streams.replay.file import FileReplay
from tests.harness.csv_files import read_csv

PAIRS = ("No=contact", "City=city")
A = "No,City\nada,Ulm\nbob,Bonn\n"
B = "No,City\nada,Kiel\nbob,Trier\n"


def events(folder: Path, content: str, load: str) -> list[dict[str, Any]]:
    return read_csv(folder, content, *PAIRS, load=load).events


def cities(sent: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Returns the cities that each contact had, in order, by the rows of `contacts`."""
    outputs: list[Output] = []
    refusals: list[str] = []
    replay = FileReplay({"default": {}}, DEFAULT_ENGINE_SETTINGS, outputs.append, refusals.append)
    lines = (Line(f"file:{number}", json.dumps(event).encode()) for number, event in enumerate(sent, 1))
    replay.run(parse_json_lines(lines))
    assert refusals == []
    found: dict[str, list[str]] = {}
    for output in outputs:
        if output.topic == "contacts" and output.value is not None:
            row = json.loads(output.value)
            found.setdefault(row["contact"], []).append(row["properties"]["city"])
    return found


def test_of_the_loads_a_b_a_within_a_day_the_last_holds(tmp_path: Path) -> None:
    sent = [*events(tmp_path, A, "1"), *events(tmp_path, B, "2"), *events(tmp_path, A, "3")]
    assert len({event["id"] for event in sent}) == 6
    assert cities(sent) == {"ada": ["Ulm", "Kiel", "Ulm"], "bob": ["Bonn", "Trier", "Bonn"]}


def test_a_load_that_is_continued_repeats_no_change(tmp_path: Path) -> None:
    cut_short = events(tmp_path, A, "1")[:1]
    continued = events(tmp_path, A, "1")
    assert continued[0] == cut_short[0]
    assert cities([*cut_short, *continued]) == {"ada": ["Ulm"], "bob": ["Bonn"]}
    # After another load the rows that were sent stay as that load left them.
    assert cities([*cut_short, *events(tmp_path, B, "2"), *continued])["ada"] == ["Ulm", "Kiel"]


def test_within_a_load_a_row_that_comes_again_counts_again(tmp_path: Path) -> None:
    sent = events(tmp_path, "No,City\nada,Ulm\nada,Kiel\nada,Ulm\n", "1")
    assert len({event["id"] for event in sent}) == 3
    assert cities(sent) == {"ada": ["Ulm", "Kiel", "Ulm"]}


def test_after_a_refused_row_is_mended_only_that_row_is_new(tmp_path: Path) -> None:
    pairs = ("No=contact", "Staff=n:number")
    first = read_csv(tmp_path, "No,Staff\nada,5\nbob,many\ncem,7\n", *pairs, load="1")
    mended = read_csv(tmp_path, "No,Staff\nada,5\nbob,6\ncem,7\n", *pairs, load="1")
    sent = {event["id"] for event in first.events}
    assert [event["contact"] for event in mended.events if event["id"] not in sent] == ["bob"]
