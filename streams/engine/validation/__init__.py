"""What can be wrong with an account's definitions, said with what would be right. Pure; knows no files."""

from streams.engine.validation.definitions import Checked, check
from streams.engine.validation.problem import Path, Problem, path_text

__all__ = ["Checked", "Path", "Problem", "check", "path_text"]
