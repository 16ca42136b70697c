"""What is measured: a portion is called once, with the clock running."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Portion = Callable[[], object]
PortionSource = Callable[[], Iterator[Portion]]
