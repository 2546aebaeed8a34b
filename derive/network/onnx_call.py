"""A node of an ONNX graph, as the reader's rules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive.network.tracing import NotUnderstood, Parameter, Sheet, Unclear, Value


@dataclass(frozen=True)
class Call:
    """A node: its operator, a wish for the layer's name, its inputs as they were read, its attributes, the shapes that it makes."""

    op: str
    wish: str
    inputs: Sequence[Any]
    attributes: Mapping[str, Any]
    shapes: Sequence[Any]

    @property
    def value(self) -> Value:
        """The first input, computed from the network's."""
        if not self.inputs or not isinstance(self.inputs[0], Value):
            raise NotUnderstood("of something that is not computed from the input")
        return self.inputs[0]

    @property
    def shape(self) -> Any:
        """The shape of the first output."""
        return self.shapes[0]

    def weight(self, number: int) -> Parameter:
        """An input that is a tensor of weights."""
        found = self.inputs[number] if len(self.inputs) > number else None
        if not isinstance(found, Parameter):
            raise NotUnderstood("with weights that are computed")
        return found

    def has(self, number: int) -> bool:
        """Whether an optional input is there."""
        return len(self.inputs) > number and self.inputs[number] is not None

    def numbers(self, number: int, attribute: str = "") -> list[Any] | None:
        """Whole numbers from an input that is constant, or from the attribute that older versions have; None for neither."""
        if attribute in self.attributes:
            return list(self.attributes[attribute])
        if not self.has(number):
            return None
        found = self.inputs[number]
        if isinstance(found, Unclear):
            raise NotUnderstood(f"with a number {found.why}")
        if not hasattr(found, "tolist"):
            raise NotUnderstood("with numbers that are computed")
        made = found.tolist()
        return made if isinstance(made, list) else [made]


Rule = Callable[[Sheet, Call], Any]
