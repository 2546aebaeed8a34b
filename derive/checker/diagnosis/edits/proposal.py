"""What a mistake is: its name, and what stands in the place of a node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.checker.diagnosis.tape import Change
from derive.language.nodes import Expr

Proposal = tuple[str, Change]


@dataclass(frozen=True)
class Edit:
    """A mistake: what it is called, and for each node that it touches what stands there instead."""

    name: str
    changes: Mapping[Expr, Change]
