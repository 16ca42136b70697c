"""Hand-overs once their contact is settled: whether they are kept back, and what is told of leads afterwards.

SPEC section 8: a lead that was handed over may be told of again when it is rejected, when its contact's status
changes or when a property does. Each is looked at net: before the record against after it.
"""

from __future__ import annotations

import msgspec

from schemas.values import instant_text
from streams.engine.decisions.context import DecisionContext, LeadContext
from streams.engine.decisions.hand_overs.consent import HANDED_OVER, KEPT_BACK, is_forbidden, was_handed_over
from streams.engine.decisions.outputs import OutputCause
from streams.engine.releases.compiled_mapping import NO_MAPPING, PROPERTY_OCCASION, STATUS_OCCASION

_REJECTED = "lead.rejected"
_MISSING = object()
_encode = msgspec.json.Encoder(order="deterministic").encode


def finish_hand_overs(context: DecisionContext) -> None:
    """Marks the hand-overs that are kept back, moves the changes of leads to the outputs, and tells of later changes.

    All of it by the contact as it is settled, so the order in which rules and segments came does not matter.
    """
    builder, mapping = context.builder, context.release.mapping
    if mapping is NO_MAPPING:
        builder.flush_lead_changes()
        return
    handed_over = builder.pending_hand_overs()
    is_kept_back = bool(handed_over) and is_forbidden(context.release, context.evaluation_context)
    if is_kept_back:
        builder.keep_back_hand_overs()
    builder.flush_lead_changes()
    if not mapping.tells_of_leads:
        return
    _emit_updates(context)
    for campaign in handed_over:
        _remember_hand_over(context, campaign, is_kept_back=is_kept_back)


def _emit_updates(context: DecisionContext) -> None:
    """Adds one record for each lead that was handed over before and that something happened to.

    Of a contact that `do_not_sync` keeps back the CRM learns what that condition looks at, and nothing else. Where no
    update is for that, or something else turned the condition, the record has no occasion: it says what the condition
    says now.
    """
    mapping = context.release.mapping
    occasions = mapping.occasions
    happened = {name for name in occasions if name != _REJECTED and _has_happened(context, name)}
    is_consent_due = any(_has_happened(context, name) for name in mapping.consent_occasions)
    is_kept_back: bool | None = None
    if context.was_forbidden is not None:
        is_kept_back = is_forbidden(context.release, context.evaluation_context)
        is_consent_due |= is_kept_back is not context.was_forbidden
    if not happened and not is_consent_due and (_REJECTED not in occasions or not context.changed_leads):
        return
    for campaign, lead in context.contact.leads.items():
        lead_context = context.lead_contexts.get(campaign)
        before = lead_context.status_before if lead_context and lead_context.has_new_status else lead.status
        is_rejected = lead.status == "rejected" and before != "rejected"
        own = [name for name in occasions if name in happened or (name == _REJECTED and is_rejected)]
        if not (own or is_consent_due) or not was_handed_over(lead, before):
            continue
        if is_kept_back is None:
            is_kept_back = is_forbidden(context.release, context.evaluation_context)
        consent = [name for name in own if name in mapping.consent_occasions] if is_kept_back else []
        own = consent or own
        cause = context.root_cause if lead_context is None else _update_cause(context, lead_context, own)
        compiled = context.release.campaigns_by_id.get(campaign)
        description = {"id": campaign, "name": campaign} if compiled is None else compiled.description
        context.builder.add_lead_update(
            description,
            lead,
            context.now,
            cause,
            own,
            do_not_sync=is_kept_back and not consent,
            opted_out=bool(consent),
        )


def _update_cause(context: DecisionContext, lead_context: LeadContext, occasions: list[str]) -> OutputCause:
    """The cause of the lead's rejection where that is told, else the root cause."""
    rejection = lead_context.change_cause if _REJECTED in occasions else None
    return rejection or context.root_cause


def _has_happened(context: DecisionContext, occasion: str) -> bool:
    """Whether the record changed the contact's status, or the value of a property as a reader of JSON sees it."""
    properties_before, contact = context.properties_before, context.contact
    if properties_before is None:
        return False
    if occasion == STATUS_OCCASION:
        return contact.status != context.contact_status_before
    name = occasion.removeprefix(PROPERTY_OCCASION)
    before, after = properties_before.get(name, _MISSING), contact.properties.get(name, _MISSING)
    if before is after:
        return False
    return before is _MISSING or after is _MISSING or _encode(before) != _encode(after)


def _remember_hand_over(context: DecisionContext, campaign: str, *, is_kept_back: bool) -> None:
    lead, now = context.contact.leads[campaign], instant_text(context.now)
    remaining = {name: value for name, value in lead.crm.items() if name != KEPT_BACK}
    lead.crm = {**remaining, KEPT_BACK if is_kept_back else HANDED_OVER: now}
