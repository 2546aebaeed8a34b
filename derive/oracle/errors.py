"""What the oracle refuses."""

from __future__ import annotations

from derive.language.errors import DeriveError


class OracleError(DeriveError):
    """Inputs that do not fit a program: a shape, an index out of range, an unknown name, no such backend."""
