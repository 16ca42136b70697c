"""SQL queries for three segments over the same visits: an oracle that shares nothing with the engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

DAY = 86_400_000
HOUR = 3_600_000

DEFINITIONS = """
segments:
  - id: presentations
    name: Three or more visits to /presentations within one day
    dynamic: true
    when: {visit: {path: {starts_with: /presentations}}, count: {gte: 3}, within: 1d}
  - id: back-again
    name: First seen more than a day ago and here again within 12 hours
    dynamic: true
    when:
      all:
        - {first_visit: {older_than: 1d}}
        - {last_visit: {within_last: 12h}}
  - id: asleep
    name: Asleep for a day
    dynamic: true
    when: {inactive_for: 1d}
"""

QUERIES: Mapping[str, str] = {
    "presentations": """
        select contact from visits
        where at <= :t and at > :t - :day and lower(substr(path, 1, 14)) = '/presentations'
        group by contact having count(*) >= 3""",
    "back-again": """
        select contact from visits where at <= :t
        group by contact having min(at) <= :t - :day and max(at) > :t - 12 * :hour""",
    "asleep": """
        select contact from visits where at <= :t group by contact having max(at) <= :t - :day""",
}


class VisitsSql:
    """A table of visits; `members(t)` includes the instant `t` (ms)."""

    def __init__(self, visits: Iterable[tuple[str, int, str]]) -> None:
        self._db = sqlite3.connect(":memory:")
        self._db.execute("create table visits (contact text, at integer, path text)")
        self._db.executemany("insert into visits values (?, ?, ?)", visits)

    def span(self) -> tuple[int, int]:
        """Returns the first and the last instant."""
        first, last = self._db.execute("select min(at), max(at) from visits").fetchone()
        return first, last

    def members(self, t: int) -> dict[str, set[str]]:
        """Returns segment -> contacts."""
        parameters = {"t": t, "day": DAY, "hour": HOUR}
        return {name: {row[0] for row in self._db.execute(query, parameters)} for name, query in QUERIES.items()}
