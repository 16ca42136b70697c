"""The shape of a control call: a function of the org and the body of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.salesforce_sandbox.org import Org

ControlBody = dict[str, Any]
ControlAction = Callable[[Org, ControlBody], Any]
"""Returns what the call answers, None for an empty object. Raises ApiError, KeyError, ValueError, TypeError."""
ControlActions = Mapping[str, ControlAction]
"""The name of a call -> what it does."""
