"""The errors a user of derive can see: each says what came, what was wanted, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DeriveError(Exception):
    """Base of every error that derive raises on purpose; the command line prints it without a traceback."""


class DefinitionError(DeriveError):
    """A definition that has no meaning: an unknown axis, two different axes contracted, a wrong annotation."""


class UnknownOp(DeriveError):
    """No op of that name; the message offers the closest names."""


class NotProved(DeriveError):
    """A step of a derivation that the checker could not certify."""


class NotPrintable(DeriveError):
    """An expression that has no faithful form in the target language; the message names the subexpression."""


def closest(name: str, known: Iterable[str]) -> str:
    """A clause that offers the names nearest to `name`, or lists nothing when none is near.

    >>> closest("batchnorm", ["batch_norm_train", "relu"])
    '; did you mean "batch_norm_train"?'
    """
    known = list(known)
    same = [k for k in known if k.lower() == name.lower()]
    near = same or difflib.get_close_matches(name, known, n=3, cutoff=0.5) or [k for k in known if name in k][:3]
    return "; did you mean " + " or ".join(f'"{n}"' for n in near) + "?" if near else ""
