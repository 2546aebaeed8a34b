"""What the leaves of an expression stand for while it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.language.nodes import Expr, Input, Ref, base_axis, leaves
from derive.oracle.arithmetic import Arithmetic
from derive.oracle.errors import OracleError
from derive.oracle.tensor import Tensor, line


@dataclass(frozen=True)
class Setting:
    """What leaves stand for: arithmetic, size of each axis, tensor of each input, parameter and intermediate.

    `data` names the intermediates that depend on inputs: an index made of them must be in range.
    """

    arithmetic: Arithmetic
    sizes: Mapping[str, int]
    leaves: Mapping[str, Tensor]
    data: frozenset[str] = frozenset()

    def size(self, axis: str) -> int:
        """Positions along an axis; a primed axis has as many as the one it copies."""
        try:
            return self.sizes[axis] if axis in self.sizes else self.sizes[base_axis(axis)]
        except KeyError:
            raise OracleError(f"nothing gives axis {axis} a size; sizes are known for ({', '.join(sorted(self.sizes))})") from None

    def positions(self, axis: str) -> Tensor:
        """0, 1, ... along an axis."""
        return line(self.arithmetic.number, axis, self.size(axis))


def depends_on_data(expr: Expr, setting: Setting) -> bool:
    """Whether inputs can change the expression."""
    return any(isinstance(leaf, Input) or leaf.name in setting.data for leaf in leaves(expr, Input, Ref))  # type: ignore[attr-defined]
