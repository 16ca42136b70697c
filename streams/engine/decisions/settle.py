"""Settling: segments, audiences, scoring, automation, again while something changed (SPEC section 7).

It ends by construction: each rule fires at most once in a turn, each lead is made or left at most once, and a round
in which none of that happened is the last.
"""

from __future__ import annotations

from streams.engine.decisions.audiences import take_in
from streams.engine.decisions.automation import automate
from streams.engine.decisions.context import Turn
from streams.engine.decisions.held_for import follow
from streams.engine.decisions.scoring import award
from streams.engine.decisions.segments import settle_segments, tell_segments
from streams.engine.decisions.timers import next_due


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
