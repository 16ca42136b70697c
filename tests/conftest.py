"""What all tests share: none of the caller's own settings reach them."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.support.kafka import BOOTSTRAP_VARIABLE

# By hand: `pytest --hypothesis-profile=deep`, for the tests that leave the number of examples to the profile.
settings.register_profile("deep", max_examples=5_000)

# Where files are fetched from and kept, and which broker the tests may use, are the caller's to say.
_KEPT = {BOOTSTRAP_VARIABLE, "LEADSTREAM_CACHE", "LEADSTREAM_MAVEN_MIRROR"}


@pytest.fixture(autouse=True)
def _settings_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("LEADSTREAM_") and name not in _KEPT:
            monkeypatch.delenv(name)
