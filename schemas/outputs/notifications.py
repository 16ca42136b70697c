"""Records of `notifications`."""

from __future__ import annotations

from typing import Literal

from schemas.outputs.base import ContactOutputRecord
from schemas.outputs.handovers import ContactSnapshot, HandedOverCampaign, HandedOverLead
from schemas.values import Slug


class AutomationNotified(ContactOutputRecord):
    """An automation rule fired that says `notify`: all that a mailer or a chat needs to know."""

    type: Literal["automation.notified"]
    notice: Slug
    """The name after `notify`."""
    rule: Slug
    campaign: HandedOverCampaign
    lead: HandedOverLead
    """As the rule leaves it."""
    snapshot: ContactSnapshot
