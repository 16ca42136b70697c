"""Settling: segments, audiences, scoring, automation, again while something changed (SPEC section 7).

It ends by construction: each rule fires at most once in a turn, each lead is made or left at most once, and a round
in which none of that happened is the last.
"""

from __future__ import annotations

from streams.engine.audiences import take_in
from streams.engine.automation import automate
from streams.engine.dues import next_due
from streams.engine.holding import follow
from streams.engine.scoring import award
from streams.engine.segments import settle_segments, tell_segments
from streams.engine.turn import Turn


def settle(turn: Turn) -> None:
    """Settles the contact at the turn's instant, writes what changed, and says when time is due next."""
    follow(turn)
    changed = True
    while changed:
        settle_segments(turn)
        changed = take_in(turn)
        changed |= award(turn)
        changed |= automate(turn)
    tell_segments(turn)
    turn.drafts.write_steps()
    _write_leads(turn)
    contact = turn.contact
    contact.clock = turn.now
    contact.release = turn.release.number
    contact.due = next_due(turn)  # before the undoing: conditions look at the points of this instant
    _undo_decay(turn)


def _write_leads(turn: Turn) -> None:
    for campaign, cause in turn.touched.items():
        turn.drafts.lead_row(campaign, turn.contact.leads[campaign], turn.now, cause)


def _undo_decay(turn: Turn) -> None:
    """Time alone folds nothing: only records round the points of a lead that decays."""
    for campaign, (points, since) in turn.undecayed.items():
        lead = turn.contact.leads[campaign]
        lead.points, lead.decayed = points, since
