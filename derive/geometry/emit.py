"""Derived formulas as Python functions, built as syntax trees: nothing here knows a formula."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence

from derive.catalog.geometry import Recurrence
from derive.geometry import support
from derive.geometry.field import Chain, closed, needed
from derive.geometry.printing import Formula, Words, python, text
from derive.geometry.size import Size
from derive.language.errors import DefinitionError

Meanings = list[tuple[str, str]]

RESULT = "result"
LAYERS = "layers"


def size_function(recurrence: Recurrence, claim: Size, example: int | None) -> ast.FunctionDef:
    """A function of the arguments that returns the size, or raises ValueError when it is below 1; `example` is the value of the example."""
    words = _words(recurrence)
    _check_names(recurrence, claim.value, {a.name for a in recurrence.arguments})
    formula = f"{recurrence.name} = {text(claim.value, words)}"
    raises = "TypeError when an argument is no integer; ValueError when one is too small, or when nothing is left."
    below = ast.Compare(_name(RESULT), [ast.Lt()], [ast.Constant(1)])
    body: list[ast.stmt] = [_assign(a.name, _call("_whole", recurrence.name, a.name, _name(a.name), a.least)) for a in recurrence.arguments]
    body += [
        _assign(RESULT, python(claim.value, words)),
        ast.If(below, [ast.Raise(_call("ValueError", _too_small(recurrence, claim)))], []),
        ast.Return(_name(RESULT)),
    ]
    return _function(recurrence, _size_arguments(recurrence), _doc(recurrence, [formula], _meanings(recurrence), raises, example), body)


def _too_small(recurrence: Recurrence, claim: Size) -> ast.expr:
    """The message: the two lengths that do not go together, then every argument."""
    words = _words(recurrence)
    before, between, after = claim.wrong
    parts: list[str | ast.expr] = [
        f"{recurrence.name}: {before} ",
        python(claim.needed, words),
        f" {between} ",
        python(claim.there, words),
        after,
        " (",
    ]
    for i, a in enumerate(recurrence.arguments):
        parts += [f"{', ' if i else ''}{a.name} = ", _name(a.name)]
    return ast.JoinedStr([ast.Constant(p) if isinstance(p, str) else ast.FormattedValue(p, -1) for p in _joined([*parts, ")"])])


def _joined(parts: Iterable[str | ast.expr]) -> list[str | ast.expr]:
    """Neighbouring pieces of text as one: the form that the parser gives."""
    found: list[str | ast.expr] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return found


def chain_function(recurrence: Recurrence, claim: Chain, example: int | None) -> ast.FunctionDef:
    """A function of a list of layers that runs the recurrences the asked unknown depends on."""
    words = (*_words(recurrence), *((u.unknown.name, "") for u in claim.updates), ("n", ""))
    updates = needed(claim)
    names = [u.unknown.name for u in updates]
    _check_names(recurrence, sum(u.after for u in updates), {*names, *(a.name for a in recurrence.arguments)})
    layer = _target([a.name for a in recurrence.arguments])
    least = [ast.keyword(a.name, ast.Constant(a.least)) for a in recurrence.arguments]
    rows = ast.Call(_name("_layers"), [ast.Constant(recurrence.name), _name(LAYERS)], least)
    body: list[ast.stmt] = [
        _assign(names, _tuple([python(u.initial, words) for u in updates])),
        ast.For(layer, rows, [_assign(names, _tuple([python(u.after, words) for u in updates]))], []),
        ast.Return(_name(claim.asked.name)),
    ]
    formulas = [f"{u.unknown.name} = {text(u.initial, words)}; behind one layer more: {text(u.after, words)}" for u in updates]
    formulas += [f"behind n equal layers: {text(c.value, words)}" for c in closed(claim) if c.unknown == claim.asked]
    raises = "TypeError or ValueError, naming the layer, when it does not hold these integers."
    row = (LAYERS, f"one ({', '.join(a.name for a in recurrence.arguments)}) per layer, input side first")
    return _function(
        recurrence, _layer_arguments(recurrence), _doc(recurrence, formulas, [row, *_meanings(recurrence)], raises, example), body
    )


def helpers() -> tuple[ast.FunctionDef, ...]:
    """The functions of `support`, which generated functions call."""
    return tuple(_parsed(f) for f in (support._whole, support._layers))


def _parsed(function: Callable[..., object]) -> ast.FunctionDef:
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(found, ast.FunctionDef)
    return found


def _words(recurrence: Recurrence) -> Words:
    return tuple((a.name, a.letter) for a in recurrence.arguments)


def _check_names(recurrence: Recurrence, value: Formula, known: set[str]) -> None:
    missing = sorted(s.name for s in value.free_symbols if s.name not in known)
    if missing:
        raise DefinitionError(f"{recurrence.name}: the answer depends on {', '.join(missing)}, which is not among its arguments; add it")


def _doc(recurrence: Recurrence, formulas: Sequence[str], meanings: Meanings, raises: str, example: int | None) -> str:
    width = max(len(name) for name, _ in meanings)
    call = f"{recurrence.name}({', '.join(map(repr, recurrence.example))})"
    lines = [
        recurrence.summary, "",
        *(f"    {f}" for f in formulas), "",
        *(f"{name:<{width}}  {meaning}" for name, meaning in meanings), "",
        f"Raises {raises}",
        f"Source: {recurrence.source}", "",
        f">>> {call}", str(example),
    ]  # fmt: skip
    return "\n".join(lines)


def _meanings(recurrence: Recurrence) -> Meanings:
    return [(a.name, f"{a.meaning}, at least {a.least}") for a in recurrence.arguments]


def _function(recurrence: Recurrence, arguments: ast.arguments, doc: str, body: list[ast.stmt]) -> ast.FunctionDef:
    indented = textwrap.indent(doc + "\n", "    ").lstrip() + "    "
    return ast.FunctionDef(recurrence.name, arguments, [ast.Expr(ast.Constant(indented)), *body], [], _name("int"))


def _size_arguments(recurrence: Recurrence) -> ast.arguments:
    given = [ast.arg(a.name, _name("int")) for a in recurrence.arguments]
    defaults: list[ast.expr] = [ast.Constant(a.default) for a in recurrence.arguments if a.default is not None]
    return ast.arguments([], given, None, [], [], None, defaults)


def _layer_arguments(recurrence: Recurrence) -> ast.arguments:
    row = ast.Subscript(_name("tuple"), _tuple([_name("int") for _ in recurrence.arguments]))
    return ast.arguments([], [ast.arg(LAYERS, ast.Subscript(_name("list"), row))], None, [], [], None, [])


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _tuple(items: list[ast.expr]) -> ast.expr:
    return items[0] if len(items) == 1 else ast.Tuple(items, ast.Load())


def _target(names: list[str]) -> ast.expr:
    stored: list[ast.expr] = [ast.Name(n, ast.Store()) for n in names]
    return stored[0] if len(stored) == 1 else ast.Tuple(stored, ast.Store())


def _assign(names: str | list[str], value: ast.expr) -> ast.stmt:
    return ast.Assign([_target([names] if isinstance(names, str) else names)], value, lineno=0)


def _call(function: str, *arguments: ast.expr | str | int) -> ast.expr:
    return ast.Call(_name(function), [a if isinstance(a, ast.expr) else ast.Constant(a) for a in arguments], [])
