"""Writes the OpenAPI document: `python -m streams.serve.generate`."""

from __future__ import annotations

import sys

from streams.serve.app import create_api
from streams.serve.openapi import PATH, openapi_text


def main() -> None:
    """Writes the file, relative to the project."""
    PATH.write_text(openapi_text(create_api()), encoding="utf-8")
    sys.stdout.write(f"{PATH.name}\n")


if __name__ == "__main__":
    main()
