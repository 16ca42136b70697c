"""Records of in-topics as anybody may send them: valid, at the bounds of each field, spelled oddly, and broken.

Events are put together as text, so that they have what no JSON writer writes: repeated names, numbers in every
spelling, escapes, space, bytes that are not UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hypothesis import strategies as st

from schemas.values import instant_ms
from streams.engine.journal.effects import SourceRecord
from streams.engine.journal.event_types import EVENT_TYPES

NOON = instant_ms("2026-03-01T12:00:00Z")


def _texts(*texts: str) -> tuple[str, ...]:
    return tuple(f'"{text}"' for text in texts)


def _bounds(length: int) -> tuple[str, ...]:
    """Texts around the greatest length, in characters of one byte, of three and of two UTF-16 units."""
    return _texts(*(letter * (length + more) for more in (-1, 0, 1) for letter in ("x", "\u20ac", "\U0001f600")))


_WRONG_KINDS = ("null", "true", "false", "0", "1", "1.0", "-1", "[]", "{}", '""', '["a"]', '{"a":1}')
_ODD_TEXTS = _texts(
    *("a\\n", "\\n", "a\\r", "a\\u0000", "a\\u001f", "a\\u007f", "a\x7f", "a\x80", "a\u009f", "a\u00a0", "a\u00ad"),
    *("a\u2028", "\ufeffa", "\u202e", "\\ud83d\\ude00", "\U0001f468\u200d\U0001f469", "e\u0301", "\u0663"),
    *('\\u0061\\/\\\\\\"\\b\\f\\t', "\\ud800", "\\udc00\\ud800", "\\ud83d", "\\x", "\\u12", "a\nb", "a\tb", "/", " "),
)
_SLUGS = (*_texts("spring", "A-z_0", "a" * 100), *_texts("a" * 101, "a b", "a\\n", "\u00e9", "\u0663", "a/b", "a."))
_SHORT_TEXTS = (*_texts("x", "a b"), *_bounds(1_000), *_ODD_TEXTS)
_LONG_TEXTS = (*_texts("/pricing?a=1", "Caf\u00e9"), *_bounds(20_000), *_ODD_TEXTS)
_IDS = (*_texts("e1", "anna", "a/b"), *_bounds(255), *_ODD_TEXTS)
_NUMBERS = (
    *(
        "1.5",
        "12",
        "0",
        "-0",
        "0.0",
        "-0.0",
        "1",
        "1.0",
        "1.50",
        "1e0",
        "1E+2",
        "5e-1",
        "0.1",
        "1e-7",
        "5e-7",
        "15e-7",
        "1e21",
    ),
    *(
        "1000000000",
        "1000000000.0",
        "1e9",
        "-1e9",
        "1000000000.0000001",
        "1000000000.000001",
        "1000000001",
        "-1000000001",
    ),
    *("9007199254740993", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1" + "0" * 30),
    *("1" + "0" * 400, "9" * 4_301, "1e308", "1e309", "1e400", "-1e400", "1e-400", "4.9e-324", "0." + "1" * 40),
    *("01", "+1", "1.", ".5", "-", "1e", "0x1", "NaN", "Infinity", "-Infinity", "1_0"),
)
_OBJECTS = (
    *('{"country":"DE","plan":"pro"}', '{"a":1,"b":null,"c":[1,{"d":2}],"e":{}}', "{}", '{"":0}', '{"a":1,"a":2}'),
    *('{ "b" : 1 ,\n"a":\t[ ] }', '{"\\u0061":"\\u0062\\u20ac\\/","\U0001f600":"\\ud83d\\ude00"}', '{"a":"\\u0000"}'),
    *('{"a":"\\ud800"}', '{"\\ud800":1}', '{"a":1,}', "{a:1}", '{"a":{"b":[true,false,null]}}', '{"a":"[[["}'),
    *(f'{{"a":{number}}}' for number in _NUMBERS),
    *(f'{{"a":{"[" * depth}{"]" * depth}}}' for depth in (61, 62, 63, 64, 70)),
    '{"a":' + '{"a":' * 62 + "1" + "}" * 63,
    '{"a":[' + ",".join(["[1]"] * 70) + "]}",
)
_DAYS = (
    "2026-03-01",
    "2024-02-29",
    "2025-02-29",
    "1899-12-31",
    "1900-01-01",
    "2999-12-31",
    "3000-01-01",
    "0001-01-01",
)
_ODD_DAYS = ("0000-01-01", "9999-12-31", "2026-13-01", "2026-3-01", "26-03-01", "12026-03-01", "2026-03-0\u0661")
_CLOCKS = ("11:59:59", "12:00:00", "12:05:00", "00:00:00", "23:59:59", "23:59:60", "11:58:60")
_ODD_CLOCKS = (
    "24:00:00",
    "12:60:00",
    "12:00:61",
    "12:00",
    "1:00:00",
    "12:00:0\u0661",
    "12-00-00",
    " 1:00:00",
    "+1:00:00",
)
_FRACTIONS = ("", ".000", ".123", ".001", ".999", ".1", ".12", ".1239", ".123999999", ".9999999", "." + "9" * 30)
_ODD_FRACTIONS = (".", ",123", ".12a", ". 12", ".-12", ".1_2", ".\u0661\u0662\u0663")
_ZONES = ("Z", "z", "+00:00", "-00:00", "+01:00", "-12:30", "+23:59")
_ODD_ZONES = ("", "+24:00", "+0100", "+01", " Z", "Z ", "Z\\n", "UTC", "+01:00:30", "ZZ")


_INSTANT_PARTS: Sequence[tuple[Sequence[str], Sequence[str]]] = (
    (_DAYS, _ODD_DAYS),
    (("T", "T", "T", "t", " "), ("", "_", "  ", "TT")),
    (_CLOCKS, _ODD_CLOCKS),
    (_FRACTIONS, _ODD_FRACTIONS),
    (_ZONES, _ODD_ZONES),
)
"""Of each part of an instant the usual texts and the odd ones."""


def _mostly(usual: Sequence[str], odd: Sequence[str]) -> st.SearchStrategy[str]:
    """One of `usual` 19 times in twenty."""
    return st.integers(0, 19).flatmap(lambda chance: st.sampled_from(odd if chance == 19 else usual))


instant_texts: st.SearchStrategy[str] = st.tuples(*(_mostly(*part) for part in _INSTANT_PARTS)).map("".join)
"""RFC 3339 in all its forms, and what is close to it."""

_STATUSES = _texts("active", "inactive", "bounced", "deleted", "asleep", "Active", "active ", "\\u0061ctive")
_NUMBER_LISTS = (
    "[1,7,0]",
    "[1.0,7,0]",
    "[1,7]",
    "[1,7,0,0]",
    "[true,7,0]",
    f"[{2**64},7,0]",
    "[-1,-0,0]",
    '["1",7,0]',
)
_VALUES: Mapping[str, tuple[str, ...]] = {
    "id": _IDS,
    "account": (*_SLUGS, "null"),
    "contact": (*_IDS, "null", '""'),
    "visitor": ("false", "true"),
    "properties": _OBJECTS,
    "status": _STATUSES,
    "url": _LONG_TEXTS,
    "title": (*_LONG_TEXTS, '""'),
    "referrer": _LONG_TEXTS,
    "campaign": (*_SLUGS, *_SHORT_TEXTS),
    "name": (*_SHORT_TEXTS, '""'),
    "points": _NUMBERS,
    "score": (*_SHORT_TEXTS, '""'),
    "reason": _LONG_TEXTS,
    "by": _SHORT_TEXTS,
    "acquired": ("true", "false"),
    "segment": _SLUGS,
    "hand_over": _SHORT_TEXTS,
    "number": (*_NUMBER_LISTS, '{"partition":1,"offset":7,"ordinal":0}', '{"partition":1}'),
    "record": _SHORT_TEXTS,
    "member": _SHORT_TEXTS,
    "notes": (
        '[{"field":"Company","note":"cut","reason":"long"}]',
        "[]",
        '[{"field":"Company","note":"cut","reason":"long","more":1}]',
        '[{"field":"Company","note":"kept","reason":"long"}]',
        '[{"field":"Company"}]',
        '["cut"]',
        "null",
    ),
    "retry": ("1", "2", "0", "1.0", "true", '"1"', f"{10**9 + 1}", "null"),
    "update": ("true", "false", "1", '"true"', "null"),
    "code": _SHORT_TEXTS,
    "message": (*_LONG_TEXTS, '""'),
    "outcome": _texts("open", "won", "lost", "deleted", "Won"),
    "opportunity": _IDS,
    "amount": (*_texts("10.50", "x"), *_NUMBERS),
    "currency": _texts("EUR", "eur", "EURO"),
    "amounts": ('{"EUR":"10.50"}', "{}", '{"EUR":10}', "null"),
    "opportunity_state": ('{"outcome":"won","amount":"1"}', '{"outcome":"open"}', '{"outcome":"Won"}', "null"),
    "cause": ('{"kind":"crm","event":"e1","release":3}', '{"kind":"crm"}', '{"kind":"whim"}', "null"),
    "version": _NUMBERS,
    "into": _IDS,
}
"""Field -> what it may hold, as JSON, usual values first."""

_ACTIVITY = ("url", "title", "referrer", "campaign", "name", "properties")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "contact.changed": ("properties", "status"),
    "contact.deleted": (),
    "contact.merged": ("into",),
    "contact.identified": ("visitor",),
    "contact.erased": (),
    "web.visited": _ACTIVITY,
    "activity.recorded": _ACTIVITY,
    "score.adjusted": ("points", "campaign", "score", "reason"),
    "lead.added": ("campaign", "by", "acquired"),
    "lead.qualified": ("campaign", "by"),
    "lead.rejected": ("campaign", "by"),
    "lead.removed": ("campaign", "by"),
    "lead.reactivated": ("campaign", "by"),
    "segment.member_added": ("segment", "by"),
    "segment.member_removed": ("segment", "by"),
    "crm.linked": ("campaign", "hand_over", "number", "record", "member", "notes", "retry", "update"),
    "crm.failed": ("campaign", "hand_over", "number", "code", "message", "record", "retry", "update"),
    "crm.outcome": (
        *("campaign", "hand_over", "number", "outcome", "opportunity", "amount", "currency"),
        *("amounts", "opportunity_state", "cause"),
    ),
    "opportunity.changed": ("opportunity", "modified", "version", "name", "amount", "currency", "contact"),
}
_TYPE_NAMES = _texts("contact.renamed", "Web.visited", "web\\u002evisited", "", "_Activity")
_UNKNOWN_VALUES = (*_NUMBERS, *_ODD_TEXTS, *_OBJECTS, *_WRONG_KINDS)
_SPACES = ("", " ", "\n", "\t\r\n")
_BYTES = tuple(b'"\\{}[],:0-.eEuZ \n\x00\x7f\x80\xc3\xed\xff')
_KEYS = (
    b"anna",
    b"",
    None,
    "zo\u00eb".encode(),
    b"a\n",
    b"\xff\xfe",
    b"x" * 255,
    b"x" * 256,
    "\u00a0".encode(),
    b"a/b",
)


def _values(name: str) -> st.SearchStrategy[str]:
    if name in ("at", "modified"):
        return _with_odd(instant_texts.map(lambda text: f'"{text}"'), (*_WRONG_KINDS, *_ODD_TEXTS))
    pool = _VALUES[name]
    usual = st.integers(0, 3).flatmap(lambda chance: st.sampled_from(pool if chance == 3 else pool[:2]))
    return _with_odd(usual, _WRONG_KINDS)


def _with_odd(usual: st.SearchStrategy[str], odd: Sequence[str]) -> st.SearchStrategy[str]:
    """One of `odd` once in forty times."""
    return st.integers(0, 39).flatmap(lambda chance: st.sampled_from(odd) if chance == 39 else usual)


_VALUES_OF = {name: _values(name) for name in (*_VALUES, "at", "modified")}
_PLAIN = {name: f'"{value}"' for name, value in {"id": "e1", "at": "2026-03-01T11:59:59Z", "contact": "anna"}.items()}


@st.composite
def source_values(draw: st.DrawFn, type_: str) -> bytes:
    """The value of a record that means to be an event of that type; about a third of them are one."""
    members = [("type", f'"{type_}"')]
    for name in ("id", "at", "contact", "account", "visitor", *_FIELDS[type_]):
        # In most events one field or two are out of the ordinary, so that not all are refused for the first.
        chance = draw(st.integers(0, 9))
        if name in _PLAIN and chance < 8:
            members.append((name, _PLAIN[name]))
        elif chance > 0 and (name != "visitor" or chance == 9):
            members.append((name, draw(_VALUES_OF[name])))
    if draw(st.integers(0, 4)) == 0:
        name = draw(st.sampled_from(["colour", "visitor", "properties", "\\u0069d", "type", "kind", "fields", ""]))
        members.append((name, draw(st.sampled_from(_UNKNOWN_VALUES))))
    if draw(st.integers(0, 9)) == 0:
        name, first = draw(st.sampled_from(members))
        other = draw(_VALUES_OF[name]) if name in _VALUES_OF else draw(st.sampled_from((first, *_TYPE_NAMES)))
        members.append((name, other))
    members = draw(st.permutations(members))
    space = draw(st.sampled_from(_SPACES))
    text = ",".join(f'{space}"{name}"{space}:{space}{content}' for name, content in members)
    value = f"{{{text}}}".encode()
    return draw(_edits(value)) if draw(st.integers(0, 9)) == 0 else value


@st.composite
def _edits(draw: st.DrawFn, value: bytes) -> bytes:
    """The value with some bytes left out, put in or replaced."""
    for _ in range(draw(st.integers(1, 3))):
        place, length = draw(st.integers(0, len(value))), draw(st.integers(0, 2))
        new = bytes(draw(st.lists(st.sampled_from(_BYTES), max_size=2)))
        value = value[:place] + new + value[place + length :]
    return value


@st.composite
def source_records(draw: st.DrawFn) -> SourceRecord:
    """A record of the in-topic of some event type, mostly the right one."""
    type_ = draw(st.sampled_from(sorted(EVENT_TYPES)))
    topic = draw(st.sampled_from((EVENT_TYPES[type_].topic,) * 19 + ("web-visits",)))
    value = draw(source_values(type_))
    arrival = NOON + draw(st.sampled_from((0, 0, -1, -300_000, 10**13)))
    return SourceRecord(topic, 3, 42, NOON, draw(st.sampled_from(_KEYS)), value, (), arrival)


def instants_of_one_oddity() -> Iterator[str]:
    """Every text of every part of an instant, the other parts usual ones."""
    plain = [usual[0] for usual, _ in _INSTANT_PARTS]
    for place, (usual, odd) in enumerate(_INSTANT_PARTS):
        for part in (*usual, *odd):
            yield "".join([*plain[:place], part, *plain[place + 1 :]])


def records_of_one_oddity() -> Iterator[SourceRecord]:
    """Every value of every field of every type, and every key, the rest of the event usual."""
    instants = [f'"{text}"' for text in instants_of_one_oddity()]
    for type_, names in _FIELDS.items():
        plain = {"type": f'"{type_}"', **_PLAIN, "modified": _PLAIN["at"]}
        plain |= {name: _VALUES[name][0] for name in names if name in _VALUES}
        for name in ("id", "at", "account", "contact", "visitor", *names):
            for value in (*_VALUES.get(name, instants), *_WRONG_KINDS):
                yield _record(type_, {**plain, name: value}, b"bert")
        for key in _KEYS:
            yield _record(type_, {**plain, "contact": "null", "opportunity": "null"}, key)


def _record(type_: str, members: Mapping[str, str], key: bytes | None) -> SourceRecord:
    text = ",".join(f'"{name}":{value}' for name, value in members.items())
    return SourceRecord(EVENT_TYPES[type_].topic, 3, 42, NOON, key, f"{{{text}}}".encode(), (), NOON)
