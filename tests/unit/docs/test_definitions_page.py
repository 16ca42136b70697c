"""docs/definitions.md: the mapping to Salesforce as the page shows it is one that `definitions check` accepts."""

from __future__ import annotations

import re

from streams.definitions.read import read_text
from streams.engine.releases.compile import compile_release
from streams.engine.validation import validate_definitions
from tests.harness.project_files import PROJECT_ROOT

_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_the_mapping_in_the_guide_is_valid_and_has_every_part() -> None:
    text = (PROJECT_ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    [block] = [each for each in _BLOCK.findall(text) if "do_not_sync" in each]
    [document] = read_text("definitions.md", f"segments: [{{id: keen}}]\n{block}")
    result = validate_definitions(document.values)
    assert (result.problems, result.warnings) == ([], [])
    assert result.definitions is not None
    mapping = compile_release(result.definitions, 1).mapping
    # A key `on` is no switch for the reader of files.
    assert mapping.occasions == ("lead.rejected", "contact.status", "property/consent")
    assert mapping.do_not_sync is not None
