"""A pipeline that has decided the walk's events, the server of its console, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.harness.console.browser import Browser, open_browser
from tests.harness.deployment.pipeline import Pipeline
from tests.harness.kafka.broker import fresh_prefix
from tests.harness.project_files import PROJECT_ROOT
from tests.harness.serve.server import ServeProcess

WALK = PROJECT_ROOT / "docs" / "walk"
REFUSED = {
    "id": "console-refused",
    "type": "contact.changed",
    "contact": "ada",
    "at": "2026-03-02T09:30:00Z",
    "properties": {"employees": "a few dozen"},
}


class Place(NamedTuple):
    """The pipeline, its server, and the browser."""

    pipeline: Pipeline
    server: ServeProcess
    browser: Browser

    def open(self, page: str) -> Browser:
        """Loads a page of the console."""
        self.browser.open(f"{self.server.url}/#/{page}")
        return self.browser

    def open_whole(self, page: str) -> Browser:
        """Loads a page and waits until it has all that it shows at first."""
        browser = self.open(page)
        browser.wait_for_state("live")
        browser.wait_until_whole()
        return browser


@pytest.fixture(scope="package")
def place(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Shared by all tests of this folder that run in one process."""
    folder = tmp_path_factory.mktemp("console")
    with open_browser() as browser, Pipeline(kafka, fresh_prefix(), folder, clock="events", partitions=2) as pipeline:
        pipeline.start_worker()
        pipeline.apply((WALK / "definitions.yaml").read_text(), "--wait")
        pipeline.publish([REFUSED])
        pipeline.run_command("publish", str(WALK / "events.jsonl"))
        with ServeProcess(folder, pipeline.environment) as server:
            pipeline.wait_until_settled()
            browser.open(server.url)
            browser.wait_for_text("Overview", "Hot in EMEA")
            browser.wait_for_state("live")
            yield Place(pipeline, server, browser)


@pytest.fixture(scope="package")
def pages(place: Place) -> list[str]:
    """Every kind of page, with something on it."""
    letter = place.server.get("/dead-letters").json()["letters"][0]  # other tests of the folder make more
    return [
        "",
        *("segments", "segments/hot-emea", "campaigns", "campaigns/spring-trial"),
        *("contacts", "contacts/ada?segment=hot-emea", "contacts/ada?campaign=spring-trial"),
        *("search", "definitions", "dead-letters", f"dead-letters/{letter['letter']}", "workers", "contacts/nobody"),
    ]
