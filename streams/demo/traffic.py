"""The traffic of a simulated company: the events of weeks in time order, with clock lines. Pure, seeded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.values import instant_ms, instant_text
from streams.demo.people import SimulatedContact, generate_contacts

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

DemoEvent = dict[str, Any]
"""An event as JSON; before it gets its id, `at` is in ms."""

_PAGES = ("/", "/features", "/features/segments", "/customers", "/docs/start", "/docs/kafka", "/blog/leads", "/about")
_PRICES = ("/pricing", "/pricing/teams", "/pricing/enterprise")
_FORMS = ("demo", "webinar", "contact")
_REFERRERS = (None, None, "https://search.example/", "https://news.example/leads", "https://social.example/")
_SALES = ("sofia", "marek")
_TRIAL_DAYS = 14


@dataclass(frozen=True, slots=True)
class TrafficSettings:
    """What is simulated; `start` is RFC 3339, a clock line comes every `tick` ms of simulated time."""

    contacts: int = 400
    days: int = 28
    start: str = "2026-03-02T00:00:00Z"
    tick: int = 6 * HOUR
    seed: int = 7

    @property
    def begin(self) -> int:
        """The first instant, in ms."""
        return instant_ms(self.start)

    @property
    def end(self) -> int:
        """The instant at which the traffic is over, in ms."""
        return self.begin + self.days * DAY


def generate_traffic(traffic_settings: TrafficSettings) -> Iterator[DemoEvent]:
    """Yields events in order of `at`, among them `clock.advanced` at every tick and, last, at the end."""
    events = _with_ids(_all_events(traffic_settings))
    next_tick = traffic_settings.begin + traffic_settings.tick
    for event in events:
        at = instant_ms(event["at"])
        while next_tick <= at:
            yield _clock_event(next_tick)
            next_tick += traffic_settings.tick
        yield event
    while next_tick < traffic_settings.end:
        yield _clock_event(next_tick)
        next_tick += traffic_settings.tick
    yield _clock_event(traffic_settings.end)


def _all_events(traffic_settings: TrafficSettings) -> list[DemoEvent]:
    events = [
        event
        for person in generate_contacts(traffic_settings.contacts, traffic_settings.seed)
        for event in _ContactEvents(person, traffic_settings).events()
    ]
    return sorted(
        (event for event in events if event["at"] < traffic_settings.end), key=lambda event: int(event["at"])
    )


def _with_ids(events: Iterable[DemoEvent]) -> Iterator[DemoEvent]:
    for number, event in enumerate(events, start=1):
        yield {"id": f"demo-{number:06d}", **event, "at": instant_text(event["at"])}


def _clock_event(at: int) -> DemoEvent:
    return {"type": "clock.advanced", "at": instant_text(at)}


class _ContactEvents:
    """Everything that one contact does, and what others do about the contact."""

    def __init__(self, contact: SimulatedContact, traffic_settings: TrafficSettings) -> None:
        self._contact = contact
        self._random = Random(contact.seed)
        # Most contacts appear in the first days, so that something happens from the beginning.
        self._first_instant = (
            traffic_settings.begin
            + int(self._random.triangular(0, traffic_settings.days * DAY * 0.8, 0))
            + 5 * MINUTE
        )

    def events(self) -> Iterator[DemoEvent]:
        """Yields the events in no particular order."""
        yield self._build_event(self._first_instant, "contact.changed", properties=self._contact.properties)
        for day in self._active_days():
            yield from self._day_events(self._first_instant + day * DAY)
        yield from self._fit_events()
        yield from self._fault_events()
        yield from self._partner_events()

    def _active_days(self) -> Iterator[int]:
        random, habit = self._random, self._contact.habit
        day_count = random.randint(*habit.active_days)
        yield from range(day_count)
        if habit.name == "returner":
            back = day_count + random.randint(9, 12)
            yield from range(back, back + random.randint(1, 3))

    def _day_events(self, midnight: int) -> Iterator[DemoEvent]:
        random, habit = self._random, self._contact.habit
        for _ in range(_random_count(habit.sessions_per_day, random)):
            yield from self._session_events(midnight + random.randint(1, 10 * HOUR))
        if random.random() < habit.form_interest:
            yield from self._form_events(midnight + random.randint(HOUR, 10 * HOUR))
        if random.random() < 0.12:
            at = midnight + random.randint(HOUR, 10 * HOUR)
            yield self._build_event(at, "activity.recorded", name="email_clicked", properties={"mail": "newsletter"})

    def _session_events(self, at: int) -> Iterator[DemoEvent]:
        random = self._random
        referrer = random.choice(_REFERRERS)
        for _ in range(random.randint(1, 7)):
            pages = _PRICES if random.random() < self._contact.habit.pricing_interest else _PAGES
            page = "https://www.shop.example" + random.choice(pages)
            visit = self._build_event(at, "web.visited", url=page)
            if referrer is not None:
                visit["referrer"], referrer = referrer, None
            yield visit
            at += random.randint(8 * SECOND, 4 * MINUTE)

    def _form_events(self, at: int) -> Iterator[DemoEvent]:
        random = self._random
        form = random.choice(_FORMS)
        yield self._build_event(at, "activity.recorded", name="form_submitted", properties={"form": form})
        if form == "demo":
            ends = instant_text(at + _TRIAL_DAYS * DAY)[:10]
            properties = {"product": random.choice(("teams", "enterprise")), "trial_ends_on": ends}
            yield self._build_event(at + SECOND, "contact.changed", properties=properties)
        if form == "webinar" and random.random() < 0.25:
            decision_at = at + random.randint(DAY, 2 * DAY)
            yield self._build_event(decision_at, "lead.rejected", campaign="webinar", by=random.choice(_SALES))

    def _fit_events(self) -> Iterator[DemoEvent]:
        """Yields how well marketing judges the contact to fit."""
        random = self._random
        if random.random() < 0.5:
            at = self._first_instant + random.randint(HOUR, 3 * DAY)
            points = random.choice((-20, 10, 20, 30, 50))
            yield self._build_event(at, "score.adjusted", points=points, score="fit", reason="data enrichment")
            yield self._build_event(at + SECOND, "score.adjusted", points=points, reason="data enrichment")

    def _fault_events(self) -> Iterator[DemoEvent]:
        """Yields bounces, some of them temporary, and now and then an invalid value from another system."""
        random = self._random
        if random.random() < 0.05:
            bounce_at = self._first_instant + random.randint(DAY, 12 * DAY)
            yield self._build_event(bounce_at, "contact.changed", status="bounced")
            if random.random() < 0.4:
                yield self._build_event(bounce_at + random.randint(DAY, 4 * DAY), "contact.changed", status="active")
        if random.random() < 0.01:
            invalid = {"employees": "a few dozen"}
            yield self._build_event(
                self._first_instant + random.randint(HOUR, DAY), "contact.changed", properties=invalid
            )

    def _partner_events(self) -> Iterator[DemoEvent]:
        """Yields the leads that sales people add by hand, and their decisions about some of them."""
        random = self._random
        if self._contact.habit.name == "reader" and random.random() < 0.15:
            who = random.choice(_SALES)
            added_at = self._first_instant + random.randint(2 * HOUR, DAY)
            yield self._build_event(added_at, "lead.added", campaign="partners", by=who)
            yield self._build_event(added_at + HOUR, "segment.member_added", segment="vip", by=who)
            if random.random() < 0.6:
                decided_at = added_at + random.randint(DAY, 5 * DAY)
                yield self._build_event(decided_at, "lead.qualified", campaign="partners", by=who)

    def _build_event(self, at: int, event_type: str, **fields: Any) -> DemoEvent:
        return {"type": event_type, "at": at, "contact": self._contact.contact, **fields}


def _random_count(mean: float, random: Random) -> int:
    """Returns a random whole number whose average is `mean`."""
    whole = int(mean)
    return whole + (random.random() < mean - whole)
