"""`held_for`: a property leaf has been true without a break for so long.

What is kept of a leaf is since when it has been true, in `Contact.held`: [since], or [since, ended] until the instant
at which it ended is over, since true, false, true at one instant is no break. The engine follows every such leaf
whenever it settles a contact, and settles it where time alone may change the leaf.
"""

from __future__ import annotations

from streams.engine.conditions.protocols import Node, Scene
from streams.engine.state.contact import Contact


class Truth:
    """Follows the truth of one property leaf; identical leaves share it, however long they are to be held."""

    __slots__ = ("_leaf", "key")

    def __init__(self, key: str, leaf: Node) -> None:
        self.key = key
        self._leaf = leaf

    def since(self, scene: Scene) -> int | None:
        """Since when it has been true; None where it is not. Right up to the next `due`."""
        known = scene.contact.held.get(self.key)
        if known is None or len(known) > 1 or not self._leaf.holds(scene):
            return None
        return known[0]

    def due(self, scene: Scene) -> int | None:
        """When time alone may change whether it is true."""
        return self._leaf.due(scene)

    def follow(self, contact: Contact, now: int) -> None:
        """Notes whether it is true at `now`; to be called at every instant that may change it, in their order."""
        known = contact.held.get(self.key)
        if self._leaf.holds(Scene(contact, now)):
            if known is None or _is_over(known, now):
                contact.held[self.key] = [now]
            elif len(known) > 1:
                contact.held[self.key] = known[:1]
        elif known is not None:
            if len(known) == 1:
                contact.held[self.key] = [known[0], now]
            elif _is_over(known, now):
                del contact.held[self.key]

    def catch_up(self, contact: Contact, since: int, now: int) -> None:
        """Notes what is true before `now` of a contact whose properties have been the same from `since` on."""
        instant: int | None = since
        while instant is not None and instant < now:
            self.follow(contact, instant)
            instant = self._leaf.due(Scene(contact, instant))

    def join(self, contact: Contact, earlier: list[int], until: int) -> None:
        """Notes what was true up to `until`; since then it was followed, as if the contact had always been the same.

        A run that covers that instant began when the earlier one did, or just then where there was none; one that
        began after it stands by itself.
        """
        known = contact.held.get(self.key)
        if known is not None and known[0] <= until:
            contact.held[self.key] = [earlier[0] if earlier else until, *known[1:]]
        elif known is None and len(earlier) > 1:
            contact.held[self.key] = list(earlier)

    def reaches_to(self, now: int) -> int | None:  # noqa: ARG002 - all that asks of the past shares a shape
        """What a property was at any instant, any patch before it may have said."""
        return None


def _is_over(known: list[int], now: int) -> bool:
    """Whether it ended before `now`, and not at this very instant."""
    return len(known) > 1 and known[1] < now


class HeldLeaf:
    """The leaf has been true for `length` ms."""

    __slots__ = ("_length", "_truth")

    def __init__(self, truth: Truth, length: int) -> None:
        self._truth = truth
        self._length = length

    def holds(self, scene: Scene) -> bool:
        since = self._truth.since(scene)
        return since is not None and scene.now >= since + self._length

    def due(self, scene: Scene) -> int | None:
        since = self._truth.since(scene)
        if since is not None and scene.now < since + self._length:
            return since + self._length
        return self._truth.due(scene)
