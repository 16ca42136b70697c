"""A cause names leaves; the console tells from the segment's condition which of them held and which did not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.console.browser import find_chromium
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

GERMAN = {"property": "country", "eq": "DE"}
LARGE = {"property": "employees", "gte": 50}
RIVAL = {"segment": "competitors"}
WEEK = {"visit": {}, "count": {"gte": 3}, "within": "7d"}

# The module asks the server for the condition; here the test answers.
ASK = """
const [record, when, done] = arguments;
const fetched = window.fetch;
const status = when === "missing" ? 404 : 200;
window.fetch = async () => new Response(JSON.stringify({when}), {status});
import("/js/polarity.js").then(({decidedLeaves}) => decidedLeaves(record)).then(
  (found) => done(found.map(({holds}) => holds)),
  (error) => done(String(error))).finally(() => { window.fetch = fetched; });
"""


@pytest.mark.parametrize(
    ("when", "leaves", "entered", "left"),
    [
        ({"all": [GERMAN, LARGE]}, [GERMAN, LARGE], [True, True], [False, False]),
        ({"all": [GERMAN, {"not": RIVAL}]}, [GERMAN, RIVAL], [True, False], [False, True]),
        ({"not": {"any": [GERMAN, {"not": LARGE}]}}, [GERMAN, LARGE], [False, True], [True, False]),
        ({"not": {**WEEK, "within": "168h"}}, [WEEK], [False], [True]),
        ({"not": {"gte": 50, "property": "employees"}}, [LARGE], [False], [True]),
        ({"any": [GERMAN, {"not": GERMAN}]}, [GERMAN], [None], [None]),
        (GERMAN, [{"status": {"in": ["active"]}}], [True], [False]),
        (GERMAN, [LARGE], [None], [None]),
        ("missing", [GERMAN], [None], [None]),
    ],
)
def test_which_leaves_held(place: Place, when: Any, leaves: Any, entered: Any, left: Any) -> None:
    browser = place.open_whole("segments")
    for kind, expected in (("entered", entered), ("exited", left)):
        record = {"type": f"segment.{kind}", "segment": "made-up", "cause": {"release": 1, "leaves": leaves}}
        assert browser.run_and_wait(ASK, record, when) == expected
