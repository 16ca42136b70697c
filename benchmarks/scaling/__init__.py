"""One, two and four workers on eight slots: what another worker brings, and whom it disturbs when it joins."""
