"""What Python allows and a definition cannot mean: each attempt gets an error that says what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from derive.language.errors import DefinitionError


class NoSuchAttribute(DefinitionError, AttributeError):
    """An attribute that arrays have and expressions do not; hasattr() sees it as missing."""


class Refusals:
    """Operations that expressions refuse, because they have no numbers yet and their axes have names."""

    @property
    def brief(self) -> str:
        """How messages show the expression."""
        raise NotImplementedError

    if not TYPE_CHECKING:  # to a type checker an unknown attribute stays an error

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(name)
            raise NoSuchAttribute(
                f'{self.brief} has no .{name}; the verbs are functions of derive.language, as in sum(x, "N") or exp(x), '
                "and expressions have axes with names instead of a shape"
            )

    def __bool__(self) -> bool:
        raise DefinitionError(
            f"{self.brief} has no truth value while it is being defined; write where(condition, a, b) instead of if, and, or, not; "
            "the larger and smaller of two are maximum(a, b) and minimum(a, b)"
        )

    def __iter__(self) -> NoReturn:
        raise DefinitionError(
            f'{self.brief} cannot be iterated; sum(x, "N"), max(x, "N") are those of derive.language, not of Python: import them'
        )

    def __getitem__(self, place: object) -> NoReturn:
        raise DefinitionError(f"{self.brief}[...] cannot be read by place; axes have names: x.at(N=0), x.at(C=label)")

    def __setitem__(self, place: object, value: object) -> NoReturn:
        raise DefinitionError(
            f'{self.brief}[...] = ... changes nothing here: expressions are values; write where(equal(idx("N"), 0), new, {self.brief})'
        )

    def __len__(self) -> int:
        raise DefinitionError(f'len({self.brief}): the size of an axis is size("N")')

    def __index__(self) -> int:
        raise DefinitionError(
            f'{self.brief} is no number while it is being defined, so Python cannot count to it; a sum over an axis is sum(x, "N"), '
            'the position along it idx("N"), and an axis of known size K=4 is one for k in range(4)'
        )

    def __float__(self) -> float:
        raise DefinitionError(
            f"{self.brief} is no number while it is being defined; exp, sqrt, ... are those of derive.language, not of math"
        )

    def __int__(self) -> int:
        raise DefinitionError(f"{self.brief} is no number while it is being defined; write floor(x) for the largest integer not above it")

    def __matmul__(self, other: object) -> NoReturn:
        raise DefinitionError(f'{self.brief} @ {other}: write sum(x * w, "D") with the axis that both share')

    __rmatmul__ = __matmul__

    def __and__(self, other: object) -> NoReturn:
        raise DefinitionError(f"{self.brief} & {other}: conditions are combined as where(first, where(second, a, b), b)")

    __rand__ = __or__ = __ror__ = __and__

    def __invert__(self) -> NoReturn:
        raise DefinitionError(f"~ of {self.brief}: swap the branches instead, where(condition, b, a)")

    def __array_ufunc__(self, ufunc: Any, *_: object, **__: object) -> NoReturn:
        raise DefinitionError(
            f"np.{ufunc.__name__} works on arrays, and {self.brief} has no numbers yet; use the function of derive.language"
        )
