"""Keeps what is known of a contact's conditions beside the contact, as long as that is in memory."""

from __future__ import annotations

from streams.engine.graph.contact_truths import ContactTruths
from streams.engine.releases.compiled import CompiledRelease
from streams.engine.state.contact import Contact


def truths_of(contact: Contact, release: CompiledRelease) -> ContactTruths:
    """The truths of a contact under the release that decides; new ones where those known are of another release."""
    truths = contact.truths
    if isinstance(truths, ContactTruths) and truths.graph is release.segment_graph:
        return truths
    return renew_truths(contact, release)


def renew_truths(contact: Contact, release: CompiledRelease) -> ContactTruths:
    """Forgets what is known of the contact, so that every condition is evaluated once more."""
    truths = contact.truths = ContactTruths(release.segment_graph, release.held_index, contact)
    return truths
