"""A deployment that nobody has used yet: each page of the console says what is missing and what the next step is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.console.browser import find_chromium
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.serve.server import ServeProcess
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

NEXT_STEPS = {
    "": ("0\ncontacts", "No segment yet. leadstream definitions apply brings the first one.", "No change yet."),
    "segments": ("No segment yet. leadstream definitions apply FILE brings the first one.",),
    "campaigns": ("No campaign has leads yet.",),
    "contacts": ("No contact is known yet.",),
    "definitions": ("No definitions were applied yet.", "leadstream definitions apply"),
    "dead-letters": ("Nothing was refused.",),
    "workers": ("0\nworkers that decide", "No worker decides: events wait. leadstream worker starts one.", "views"),
    "segments/vip": ("Not found", "leadstream definitions apply makes some"),
    "campaigns/spring": ("Not found", "leadstream definitions apply makes some"),
}


@pytest.fixture(scope="module")
def empty(place: Place, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Topics without a record, no worker, and the server of their console, in the browser of the folder."""
    folder = tmp_path_factory.mktemp("empty")
    with (
        Pipeline(kafka, fresh_prefix(), folder, partitions=2) as pipeline,
        ServeProcess(folder, pipeline.environment) as server,
    ):
        server.wait_until_ready()
        yield Place(pipeline, server, place.browser)


@pytest.mark.parametrize("page", NEXT_STEPS)
def test_a_page_without_anything_says_what_comes_next(empty: Place, page: str) -> None:
    empty.open_whole(page).wait_for_text(*NEXT_STEPS[page])


def test_a_search_before_the_first_definitions_says_what_comes_next(empty: Place) -> None:
    browser = empty.open_whole("search")
    browser.fill("#condition", "{property: country, eq: DE}")
    browser.wait_for_text("has no definitions yet; leadstream definitions apply makes some")


def test_lists_are_empty_where_nothing_is_defined(empty: Place) -> None:
    answers = {name: empty.server.get(f"/{name}").json() for name in ("segments", "campaigns", "contacts")}
    assert answers["segments"] == {"release": 0, "segments": []}
    assert answers["campaigns"] == {"release": 0, "campaigns": []}
    assert answers["contacts"]["contacts"] == []
