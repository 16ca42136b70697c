"""A console that needs a token: it asks for one, and for another when the one it has is no longer valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.ports import free_port
from tests.harness.console.browser import find_chromium
from tests.harness.serve.server import ServeProcess
from tests.integration.console.conftest import Place

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="Chromium and chromedriver are not installed")

FORMER, VALID = "former-" * 4, "valid-" * 4


@contextmanager
def serving(place: Place, folder: Path, port: int, token: str) -> Iterator[ServeProcess]:
    """A server over the same read models that takes one token."""
    url = re.findall(r"redis://127.0.0.1:[0-9]+/0", place.server.text)[-1]  # it may have been started anew
    environment = {**place.pipeline.environment, "LEADSTREAM_REDIS_URL": url}
    with ServeProcess(folder, {**environment, "LEADSTREAM_SERVE_TOKENS": f"read:{token}"}, port=port) as server:
        yield server


def test_a_token_that_was_changed_is_said_and_another_one_asked_for(place: Place, tmp_path: Path) -> None:
    browser, port = place.browser, free_port()
    with serving(place, tmp_path, port, FORMER) as server:
        browser.open(server.url.replace("//", f"//anybody:{FORMER}@"))  # what one types into the browser's window
        browser.open(f"{server.url}/#/contacts/ada")
        browser.wait_for_state("live")
        browser.wait_for_text("ada@lake.example")
    browser.wait_for_state("reconnecting")
    with serving(place, tmp_path, port, VALID):
        browser.wait_for_state("token needed")
        browser.wait_for_text("The token is no longer valid")
        assert "ada@lake.example" not in browser.text()
        browser.fill("#token", "wrong" * 5)
        browser.click("form button.main")
        browser.wait_for_text("The token is no longer valid")
        browser.fill("#token", VALID)
        browser.click("form button.main")
        browser.wait_for_state("live")
        browser.wait_for_text("ada@lake.example", "Timeline")
        browser.run("sessionStorage.removeItem('token')")
