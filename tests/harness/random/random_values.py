"""Values as web forms write them: numbers as text, text in two normal forms, and what only looks like either."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

NUMBERS: tuple[Any, ...] = (5, 5.0, 23, 0, -0.0, 0.1, -5, 2**53 + 1, 1e21, 1e-7)
NUMBER_TEXTS = ("5", " 5 ", "\u00a05\u2003", "05", "5.0", "5e0", "+5", "23", "0.1", "-0", "1e21", "1e400", "5,0")
"""Some read as numbers, some only nearly."""
EXACT_TEXTS = ("9007199254740993.0", "9007199254740992.5", "0.1000000000000000055", "5\x1e", "1e-400", "1e23")
"""Numbers that a double would round, and one with no blank behind it."""

CAFES = ("Café", "Cafe\u0301", "CAFE\u0301", "cafe")
TEXTS = (*CAFES, "Straße", "STRASSE", "\u0390", "\u03aa\u0301", "\u03b9\u0308\u0301", "\u00c5", "\u212b", "\u01f0")
"""Letters composed and decomposed, those that fold to several, and one whose capital has no single character."""

loose_values = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBER_TEXTS),
    st.sampled_from(EXACT_TEXTS),
    st.sampled_from([None, True, False, "true", "", [], ["5", 23], ["05", 5.0], [True], {"k": "5"}]),
    st.sampled_from([[{"k": "5"}], [{"k": 5.0}, {"k": "23"}], [{"k": "05"}], {"k": 5}]),
)
text_values = st.one_of(st.sampled_from(TEXTS), st.sampled_from([None, 5, "5", "x"]))
declared_texts = st.sampled_from([None, "5", *TEXTS])

# Sums: boundaries of rounding and of what is skipped, and numbers of which doubles would lose a part.
amounts = st.one_of(
    st.sampled_from([5, "5", " 5 ", 5.0, 10, 2.5, -5, 0.1, "0.2", 0.3]),
    st.sampled_from([0.0000005, 0.0000015, "0.000001", 1e-7, 10**15, 10**15 + 1, "-1e15", 1e300, 2**53 + 1]),
    st.sampled_from(["05", "x", "Café", "Cafe\u0301", None, True, False, "true", [5], {"price": 5}]),
    st.sampled_from(["0.00000050000000000000000001", "1000000000000000.01", "999999999999999.123456", "\x1f5"]),
)
