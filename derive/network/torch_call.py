"""A call of a torch function, as the reader's rules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from derive.network.tracing import NotUnderstood, Sheet, Unclear, Value


@dataclass(frozen=True)
class Call:
    """A function called on values: its name without digits, a wish for the layer's name, its arguments, and the shapes it makes."""

    op: str
    wish: str
    given: Mapping[str, Any]
    shape: Any = None

    def clear(self, name: str, default: Any = None) -> Any:
        """An argument whose numbers are all known. Raises NotUnderstood."""
        value = self.given.get(name, default)
        for each in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(each, Unclear):
                raise NotUnderstood(f"with {name} {each.why}")
        return value

    @property
    def value(self) -> Value:
        """The value that the function is called on."""
        value = self.given.get("input")
        if not isinstance(value, Value):
            raise NotUnderstood("of something that is not computed from the input")
        return value


Rule = Callable[[Sheet, Call], Any]
