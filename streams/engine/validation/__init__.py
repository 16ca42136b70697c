"""Finds the faults in an account's definitions (SPEC section 9), and says what would be right. Reads no files."""

from streams.engine.validation.definitions import ValidationResult, validate_definitions
from streams.engine.validation.problem import MAX_NESTING, TOO_DEEP, WARNING, DocumentPath, Problem, path_text
from streams.engine.validation.versions import lowered_version_problem

__all__ = [
    "MAX_NESTING",
    "TOO_DEEP",
    "WARNING",
    "DocumentPath",
    "Problem",
    "ValidationResult",
    "lowered_version_problem",
    "path_text",
    "validate_definitions",
]
