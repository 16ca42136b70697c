"""What can be wrong with an account's definitions, said with what would be right. Pure; knows no files."""

from streams.engine.validation.definitions import ValidationResult, validate_definitions
from streams.engine.validation.problem import DocumentPath, Problem, path_text

__all__ = ["DocumentPath", "Problem", "ValidationResult", "path_text", "validate_definitions"]
