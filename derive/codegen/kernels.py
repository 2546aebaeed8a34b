"""The kernel table: which function computes a scalar function of the language, and the files whose source is copied."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

import derive.codegen.support as door_support
import derive.numerics.support as numerics_support
from derive.codegen.builder import Kernel
from derive.numerics.kernels import KERNELS as ROWS

KERNELS: Mapping[str, Kernel] = ROWS
SUPPORT: tuple[ModuleType, ...] = (door_support, numerics_support)
