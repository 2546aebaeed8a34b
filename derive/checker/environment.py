"""The floating-point environment of the thread, which a candidate may leave changed."""

from __future__ import annotations

import contextlib
import ctypes

SMALLEST, ONE = [5e-324], [1.0]  # in lists, so that their product is computed where it stands
DEFAULT = ctypes.c_void_p(-1)  # FE_DFL_ENV


def subnormals_lost() -> bool:
    """Whether subnormal numbers are taken as zero."""
    return SMALLEST[0] * ONE[0] == 0


def restore_subnormals() -> None:
    """Back to the default environment if subnormal numbers are taken as zero: a library built with -ffast-math sees to that for the
    whole thread as soon as it is loaded, and the truth would be computed so as well."""
    if subnormals_lost():
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).fesetenv(DEFAULT)
