"""The generated functions of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import reference
from derive.catalog import find
from derive.pipeline import generated


def made(name: str, ending: str = "") -> Callable[..., Any]:
    """The committed function; before an op is built for the first time, what its definition gives now."""
    found: Callable[..., Any] | None = getattr(reference, name + ending, None)
    return found or generated(find(name))[name + ending]
