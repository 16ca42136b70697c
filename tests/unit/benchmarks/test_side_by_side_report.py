"""The page of figures: ratios to ours, medians over rounds, and what went wrong is said."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from benchmarks.side_by_side.processes import Sample
from benchmarks.side_by_side.report.page import PerformancePage
from benchmarks.side_by_side.runs import PeerRun


def test_a_ratio_is_of_the_medians_over_the_rounds() -> None:
    page = PerformancePage(figures(leadstream=(10.0, 30.0, 20.0), quix=(50.0, 30.0, 900.0)))
    assert "| quix | 2.5 |" in page.markdown()


def test_different_memberships_and_failures_are_on_the_page() -> None:
    document = figures(leadstream=(10.0,), quix=(20.0,))
    document["throughput"][0] |= {"different": ["quix"], "failures": ["faust: it broke"]}
    page = PerformancePage(document).markdown()
    assert "different memberships: quix" in page
    assert "faust: it broke" in page


def test_a_plot_has_a_line_with_its_name_for_each_peer() -> None:
    document = figures(leadstream=(10.0,), quix=(20.0,))
    document["throughput"].append({**document["throughput"][0], "segments": 1_000})
    [(name, svg)] = PerformancePage(document).charts().items()
    assert name == "cpu-many.svg"
    tree = ElementTree.fromstring(svg)
    labels = [element.text or "" for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(label.startswith(("leadstream", "quix")) for label in labels) == 2
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}polyline"))) == 2


def test_times_count_from_the_sample_in_which_all_contacts_are_loaded() -> None:
    samples = [
        Sample(0.0, 0, 1.0, 5.0),
        Sample(1.0, 90, 2.0, 5.0),
        Sample(2.0, 110, 3.0, 5.5),
        Sample(3.0, 155, 3.1, 5.6),
        Sample(5.0, 210, 3.4, 6.5),
    ]
    run = PeerRun("it", 0)
    run.fill_times(samples, 100, 210)
    assert (run.events, run.cpu_us, run.wall_us, run.broker_us) == (100, 4_000, 30_000, 10_000)
    assert run.late_cpu_us > run.early_cpu_us


def figures(**cpu: tuple[float, ...]) -> dict[str, Any]:
    """A document with one cell; for each peer the CPU time of its rounds."""
    zeros = dict.fromkeys(("wall_us", "broker_us", "early_cpu_us", "late_cpu_us", "memory_mb", "anonymous_mb"), 1.0)
    runs = [{"peer": peer, **zeros, "cpu_us": value} for peer, values in cpu.items() for value in values]
    cell = {"segments": 100, "contacts": 10, "events": 50, "changes": "many", "different": [], "failures": []}
    machine = {"cores": 2, "processor": "one", "memory_gb": 8, "day": "2026-01-01", "system": "Linux"}
    return {"machine": machine, "throughput": [{**cell, "runs": runs}]}
