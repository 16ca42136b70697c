"""Answers as the routes write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from schemas.views.base import ViewModel


def assert_answered_whole(model: type[ViewModel], document: Mapping[str, Any]) -> None:
    """That an answer made of a document has all of it, and nothing more."""
    answer = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert answer == msgspec.json.decode(msgspec.json.encode(document))
