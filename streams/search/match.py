"""Contacts one after the other against what is searched for; pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.conditions import Condition, StatusLeaf
from schemas.definitions import Definitions
from streams.definitions.history_needs import Asked, asked_by
from streams.engine.conditions.compile import compile_condition
from streams.engine.conditions.protocols import Compiled
from streams.engine.decisions.backfill_leaves import NOTHING, Following, keep_up, look
from streams.engine.journal.records import Kept
from streams.engine.partition.broadcast import Standing
from streams.engine.releases.compiled import CompiledRelease, compile_release
from streams.engine.state.contact import Contact
from streams.engine.version import walk
from streams.explain.tree import surroundings_of
from streams.search.free_text import Words
from streams.store.contact_view import present_of, sight_of

_SHOWN = ("first_name", "last_name", "email", "company")


@dataclass(frozen=True, slots=True)
class Hit:
    """A contact that was found; `listed` are the static segments that it is listed in."""

    contact: str
    status: str
    listed: tuple[str, ...]

    def described(self) -> dict[str, Any]:
        """For a machine."""
        return {"contact": self.contact, "status": self.status}


class Search:
    """What is searched for, within an account's definitions in force: a condition, words, or both."""

    def __init__(self, definitions: Definitions, condition: Condition | None, words: Words | None) -> None:
        self.account = definitions.account
        self._words = words
        self._release: CompiledRelease = compile_release(definitions, 1)
        self._compiled: Compiled | None = None
        self._of_any_status = False
        self.following = NOTHING
        """What the condition asks of the past: counted activity, and truths that are held."""
        self.asked: list[Asked] = []
        """The same, leaf by leaf."""
        if condition is not None:
            around = surroundings_of(definitions)
            self._compiled = compile_condition(condition, around)
            self.asked.extend(asked_by("the condition", condition, around))
            self.following = Following(1, tuple(self._compiled.counters), tuple(self._compiled.held))
            self._of_any_status = any(isinstance(node, StatusLeaf) for node in walk(condition))

    def match(self, contact: Contact, standing: Standing, kept: Kept | None) -> bool:
        """Whether the contact is found, at its own present; `kept` is what the journal says of its past."""
        if contact.status == "deleted" and not self._of_any_status:
            return False
        if self._words is not None and not self._words.match(contact.properties):
            return False
        if self._compiled is None:
            return True
        now = present_of(contact, standing)
        sight = sight_of(_with_past(contact, kept, self.following, now), self._release, now)
        return self._compiled.node.holds(sight.scene())


def _with_past(contact: Contact, kept: Kept | None, following: Following, now: int) -> Contact:
    """The contact as if the leaves had always been followed; of one that is not among the kept nothing is kept."""
    if not following:
        return contact
    past = kept or Kept(contact.created, {}, {})
    told = msgspec.structs.replace(contact, counts=past.counts, held=dict(past.held), followed=past.followed)
    keep_up(told, following, now)
    look(told, following, now)
    return told


class Found:
    """Who was found; of each hit id, status and lists are kept, and the properties of a sample."""

    def __init__(self, sample: int) -> None:
        self.scanned = 0
        self.hits: list[Hit] = []
        self._most = sample
        self._sample: list[tuple[int, str, dict[str, Any]]] = []

    def add(self, contact: Contact) -> None:
        """A contact that matches."""
        hit = Hit(contact.id, contact.status, tuple(contact.listed))
        self.hits.append(hit)
        if self._most:
            self._consider(hit, contact)

    def by_status(self) -> dict[str, int]:
        """How many of each status."""
        return dict(sorted(Counter(hit.status for hit in self.hits).items()))

    def all(self) -> list[Hit]:
        """Everybody, by id."""
        return sorted(self.hits, key=lambda hit: hit.contact)

    def sample(self) -> Iterator[dict[str, Any]]:
        """A sample that is the same whenever the same contacts are found."""
        for _, _, described in sorted(self._sample, reverse=True, key=lambda each: each[:2]):
            yield described

    def _consider(self, hit: Hit, contact: Contact) -> None:
        """Those with the smallest hashes, as if drawn by lot."""
        digest = -int.from_bytes(blake2b(hit.contact.encode(), digest_size=8).digest())
        if len(self._sample) == self._most and digest <= self._sample[0][0]:
            return
        named = {name: contact.properties[name] for name in _SHOWN if name in contact.properties}
        entry = (digest, hit.contact, {**hit.described(), **named})
        if len(self._sample) < self._most:
            heapq.heappush(self._sample, entry)
        else:
            heapq.heapreplace(self._sample, entry)
