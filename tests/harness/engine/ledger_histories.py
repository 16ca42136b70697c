"""Random histories of opportunities, and what they must end in: computed from the last states alone, in batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.definitions import Definitions
from schemas.engine_versions import NEWEST_VERSION, OLDEST_VERSION, EngineVersion
from tests.harness.engine.ledger_driver import AUTUMN, FOREIGN, SPRING, LedgerDriver, ledger_definitions

ACCOUNTS = ("acme", "default")
CAMPAIGNS = ("autumn", "spring")
KINDS = ("won", "open", "lost")

Totals = dict[tuple[str, str, str], dict[str, tuple[int, Decimal]]]
"""Account, campaign and currency -> outcome -> count and amount; what is 0 is left out."""

LeadOutcomes = dict[tuple[str, str, str], tuple[str, dict[str, Decimal]]]
"""Account, contact and campaign -> outcome and amounts by currency; of a deleted one none."""


@dataclass(frozen=True)
class HistoryStep:
    """One thing that happens: a state told so many times, a release, or nothing; then perhaps a restart."""

    state: dict[str, Any] | None
    release: Definitions | None
    times: int
    portion: int
    """A release visits so many opportunities, and then a new owner begins; 0: at once."""
    restarts: bool


AMOUNTS = st.none() | st.one_of(
    st.decimals(-1000, 1000, places=2),
    st.decimals(0, 10, places=6),
    st.sampled_from([Decimal("99999999999999999999999999.99"), Decimal("0.000001"), Decimal("1E+20")]),
).map(str)

STATES = st.fixed_dictionaries(
    {
        "opportunity": st.sampled_from(["o1", "o2", "o3", "o4"]),
        "account": st.sampled_from(ACCOUNTS),
        "at": st.integers(0, 6),
        "version": st.integers(0, 2),
        "amount": AMOUNTS,
        "currency": st.sampled_from(["EUR", "USD", None]),
        "crm_campaign": st.sampled_from([SPRING, SPRING[:15], AUTUMN, FOREIGN, None]),
        "campaign": st.sampled_from(["spring", "autumn", None]),
        "contact": st.sampled_from(["ada", "bob", None]),
        "won": st.booleans(),
        "closed": st.booleans(),
        "deleted": st.sampled_from([False, False, True]),
        "released": st.sampled_from([False, False, False, True]),
    }
)


@st.composite
def releases(draw: st.DrawFn) -> Definitions:
    """A release of an account: some of the org's campaigns, each perhaps under another of ours."""
    crm_campaigns = draw(st.dictionaries(st.sampled_from(CAMPAIGNS), st.sampled_from([SPRING, AUTUMN, FOREIGN])))
    version: EngineVersion = draw(st.sampled_from([OLDEST_VERSION, NEWEST_VERSION]))
    return ledger_definitions(account=draw(st.sampled_from(ACCOUNTS)), engine_version=version, **crm_campaigns)


STEPS = st.builds(
    HistoryStep,
    state=st.none() | STATES,
    release=st.none() | st.none() | releases(),
    times=st.integers(1, 3),
    portion=st.sampled_from([0, 1, 3]),
    restarts=st.booleans(),
)


def never_down(steps: Iterable[HistoryStep]) -> list[HistoryStep]:
    """Returns the steps with releases whose engine versions do not go down, and with one of the newest at the end."""
    newest: dict[str, int] = {}
    result = []
    for step in steps:
        release = step.release
        if release is not None:
            version = max(newest.get(release.account, 0), release.engine_version)
            newest[release.account] = version
            release = release.model_copy(update={"engine_version": version})
        result.append(HistoryStep(step.state, release, step.times, step.portion, step.restarts))
    last = [ledger_definitions(account=account) for account in ACCOUNTS]
    return result + [HistoryStep(None, each, 1, 0, False) for each in last]


def play(ledger: LedgerDriver, steps: Iterable[HistoryStep], *, interrupted: bool) -> None:
    """Lets the steps happen; restarts only where `interrupted`."""
    for step in steps:
        if step.state is not None:
            for _ in range(step.times):
                ledger.send(**step.state)
        if step.release is not None:
            ledger.add_release(step.release)
            marker = ledger.next_marker(account=step.release.account)
            if step.portion and interrupted:
                ledger.append_interrupted(b"release", marker, step.portion)
            else:
                ledger.append(b"release", marker)
        if step.restarts and interrupted:
            ledger.restart()


def final_states(steps: Iterable[HistoryStep]) -> list[dict[str, Any]]:
    """Returns the last state of each opportunity in each account, by the CRM's stamp, its version, the order."""
    told = [step.state for step in steps if step.state is not None]
    ordered = sorted(enumerate(told), key=lambda each: (each[1]["at"], each[1]["version"], each[0]))
    return list({(state["account"], state["opportunity"]): state for _, state in ordered}.values())


def expected_totals(steps: Sequence[HistoryStep]) -> Totals:
    """Returns the sums of the final states, by campaign and currency."""
    totals: Totals = defaultdict(dict)
    for state in _live(steps):
        campaign = _mapped_campaign(steps, state) or state["campaign"]
        if campaign is not None:
            sums = totals[state["account"], campaign, state["currency"] or "XXX"]
            count, amount = sums.get(_kind(state), (0, Decimal(0)))
            sums[_kind(state)] = (count + 1, amount + Decimal(state["amount"] or 0))
    return dict(totals)


def expected_outcomes(steps: Sequence[HistoryStep]) -> LeadOutcomes:
    """Returns what leads must have heard last, of those that have an opportunity which is not deleted."""
    by_lead: defaultdict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for state in _live(steps):
        campaign = state["campaign"] or _mapped_campaign(steps, state)
        if campaign is not None and state["contact"] is not None:
            by_lead[state["account"], state["contact"], campaign].append(state)
    outcomes: LeadOutcomes = {}
    for lead, states in by_lead.items():
        outcome = min((_kind(state) for state in states), key=KINDS.index)
        amounts: defaultdict[str, Decimal] = defaultdict(Decimal)
        for state in states:
            if _kind(state) == outcome:
                amounts[state["currency"] or "XXX"] += Decimal(state["amount"] or 0)
        outcomes[lead] = (outcome, dict(amounts))
    return outcomes


def _live(steps: Iterable[HistoryStep]) -> Iterable[dict[str, Any]]:
    return (state for state in final_states(steps) if not state["deleted"] and not state["released"])


def _kind(state: dict[str, Any]) -> str:
    return "won" if state["won"] else "lost" if state["closed"] else "open"


def _mapped_campaign(steps: Sequence[HistoryStep], state: dict[str, Any]) -> str | None:
    """Returns our campaign that the newest release with the state's CRM campaign gives it."""
    if state["crm_campaign"] is None:
        return None
    for step in reversed(steps):
        if step.release is not None and step.release.account == state["account"]:
            for campaign in step.release.campaigns:
                if campaign.salesforce and campaign.salesforce.campaign[:15] == state["crm_campaign"][:15]:
                    return campaign.id
    return None
