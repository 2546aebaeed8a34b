"""What stands in the `__init__` of a generated package: a function is imported from its module when it is first asked for."""

from importlib import import_module

_HOME: dict[str, str] = {}
__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    """The generated function of that name."""
    if name not in _HOME:
        raise AttributeError(f"{__name__} has no function {name}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The names of all generated functions."""
    return sorted(__all__)
