"""The people whom the simulated company may win as customers, and how they behave. Pure, seeded."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

_FIRST = ("Ada", "Ben", "Chloe", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luca", "Mara")
_LAST = ("Abel", "Brandt", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ivanov", "Jansen", "Kaya")
_COMPANIES = ("Acorn", "Bluefin", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo", "Juniper")
_BRANCHES = ("Logistics", "Foods", "Software", "Energy", "Textiles", "Medical")
_COUNTRIES = ("DE", "DE", "FR", "GB", "NL", "ES", "IT", "US", "US", "BR", "JP")
_TITLES = ("Head of Marketing", "Sales Manager", "CTO", "Founder", "Analyst", "Operations Lead")
_SIZES = (8, 25, 60, 120, 300, 750, 2_500, 12_000)
_RIVALS = ("rival.example", "copycat.example")


@dataclass(frozen=True, slots=True)
class Habit:
    """How a person behaves; interests are probabilities (0 to 1), `active_days` the least and the most."""

    name: str
    sessions_per_day: float
    pricing_interest: float
    form_interest: float
    active_days: tuple[int, int]
    percentage: int
    """How many of a hundred people have this habit."""


HABITS = (
    Habit("passer-by", 0.6, 0.05, 0.00, (1, 2), 30),
    Habit("reader", 0.5, 0.10, 0.03, (6, 20), 25),
    Habit("shopper", 0.8, 0.45, 0.12, (5, 14), 22),
    Habit("champion", 1.1, 0.35, 0.25, (12, 26), 8),
    Habit("returner", 0.6, 0.30, 0.08, (2, 4), 11),
    Habit("competitor", 0.7, 0.60, 0.00, (4, 10), 4),
)


@dataclass(frozen=True, slots=True)
class SimulatedContact:
    """A contact; its own `seed` makes its behaviour independent of the other contacts."""

    contact: str
    habit: Habit
    properties: dict[str, Any]
    seed: int


def generate_contacts(count: int, seed: int) -> list[SimulatedContact]:
    """Returns `count` contacts, always the same for the same seed."""
    random = Random(seed)
    weights = [habit.percentage for habit in HABITS]
    return [_generate_contact(number, random.choices(HABITS, weights)[0], random) for number in range(1, count + 1)]


def _generate_contact(number: int, habit: Habit, random: Random) -> SimulatedContact:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    company = f"{random.choice(_COMPANIES)} {random.choice(_BRANCHES)}"
    domain = company.lower().replace(" ", "-") + ".example"
    if habit.name == "competitor":
        domain = random.choice(_RIVALS)
        company = domain.partition(".")[0].capitalize()
    properties = {
        "first_name": first,
        "last_name": last,
        "email": f"{first}.{last}.{number}@{domain}".lower(),
        "company": company,
        "job_title": random.choice(_TITLES),
        "country": random.choice(_COUNTRIES),
        "employees": random.choice(_SIZES),
    }
    return SimulatedContact(f"c-{number:04d}", habit, properties, random.getrandbits(32))
