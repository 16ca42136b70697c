"""What can be wrong with an account's definitions, said with what would be right. Pure; knows no files."""

from streams.engine.checks.problem import Path, Problem, path_text
from streams.engine.checks.whole import Checked, check

__all__ = ["Checked", "Path", "Problem", "check", "path_text"]
