"""Tells the batch evaluator alone what happens to one contact, record by record: no engine decides anything here."""

from __future__ import annotations

from typing import Any

from schemas.definitions import Definitions
from schemas.values import MILLION
from streams.engine.journal import records
from streams.settings import Settings
from streams.verify.recompute.contact import RecomputedContact
from streams.verify.recomputed import PartitionRecomputation, lead_row
from tests.harness.engine.engine_driver import DAY

_OWNER = ("default", "ann")


class BatchDriver:
    """The journal of ann; definitions are taken as they are, valid or not."""

    def __init__(self, **definitions: Any) -> None:
        self._releases: list[Definitions] = []
        self._journal: list[records.JournalRecord] = []
        if definitions:
            self.apply(**definitions)

    def apply(self, at: int | None = None, **definitions: Any) -> None:
        """A new release, at the last tick where it has no instant (ms)."""
        self._releases.append(Definitions.model_validate(definitions))
        number = len(self._releases)
        version = self._releases[-1].engine_version
        self._journal.append(records.Marker("default", number, number, "", at, version))

    def tick(self, at: int) -> None:
        """Every instant before `at` is over."""
        self._journal.append(records.Tick(at, "default"))

    def send(self, type_: str, at: int, **fields: Any) -> None:
        """An event; its id is its place in the journal. `points` are points, not millionths."""
        offset = len(self._journal)
        if "points" in fields:
            fields["points"] = round(fields["points"] * MILLION)
        account, owner = _OWNER
        source = ("in", 0, offset)
        self._journal.append(records.JournalEvent(type_, f"e{offset}", at, account, owner, source, at, fields))

    def change_contact(self, at: int, **properties: Any) -> None:
        """A patch."""
        self.send("contact.changed", at, properties=properties)

    def visit(self, at: int, path: str = "/", **fields: Any) -> None:
        """A web visit."""
        self.send("web.visited", at, url=f"https://www.example.com{path}", **fields)

    def contact(self) -> RecomputedContact:
        """Ann after her last record."""
        settings = Settings(lateness_ms=DAY)
        recomputation = PartitionRecomputation(lambda _, number: self._releases[number - 1], settings)
        for offset, record in enumerate(self._journal):
            recomputation.feed(offset, records.encode(record))
        return recomputation.recompute(records.event_key(*_OWNER))

    def lead(self, campaign: str = "spring") -> tuple[str, float]:
        """The status of her lead, and the points of its row."""
        row = lead_row(self.contact().leads[campaign])
        return row["status"], row["points"]

    def notices(self) -> list[tuple[int, str, str, str, float]]:
        """Instant, rule, name, status and points of each notice that is due."""
        return [(each.at, each.rule, each.name, each.status, each.points) for each in self.contact().notices]
