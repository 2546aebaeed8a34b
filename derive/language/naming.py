"""From expression trees to named intermediates: which node gets which name, and the trees cut there."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from derive.language.affine import affine
from derive.language.nodes import At, Carried, Const, Expr, Input, Iota, Param, Reduce, Ref, Size, flatten, leaves, walk
from derive.language.program import Let

Results = list[tuple[str, frozenset[str]]]
Locals = dict[str, list[Expr]]  # of each local variable, the values it had in turn


@dataclass
class _Names:
    """Names given so far; `taken` are the names of inputs, parameters and axes, `inside` the nodes that may have one."""

    taken: frozenset[str]
    inside: set[Expr]
    given: dict[Expr, str] = field(default_factory=dict)

    def give(self, node: Expr, name: str) -> None:
        if node in self.inside and node not in self.given:
            self.given[node] = free_name(name, {*self.taken, *self.given.values()})


def free_name(name: str, used: set[str]) -> str:
    """The name, or the next one like it that is neither in use nor a keyword."""
    while name in used or keyword.iskeyword(name):
        stem, _, count = name.rpartition("_")
        name = f"{stem}_{int(count) + 1}" if stem and count.isdigit() else f"{name}_2"
    return name


def name_nodes(
    results: list[Expr], local: Locals, hints: dict[Expr, str], states: list[str], taken: frozenset[str], carried: dict[str, Expr]
) -> dict[Expr, str]:
    """A name for every node that has one: local variables first, then states, names from inlined ops, the outputs, and what
    recurrences carry.

    A variable's last value is called like it, those before are numbered: h_1, h_2, h.
    """
    whole = reached(results, carried)
    names = _Names(taken, {n for n in _walk_all(whole) if not _is_plain(n) or n in results} - set(_positions(whole)))
    called = {_plain(name): values for name, values in local.items() if _plain(name)}
    for name, (*_, node) in called.items():
        if not (isinstance(node, (Input, Param)) and node.name == name):
            names.give(node, f"{name}_new" if name in taken else name)
    for result, name in zip(results[len(results) - len(states) :], states, strict=True):
        names.give(result, f"{name}_new")
    for name, (*earlier, _) in called.items():
        for n, node in enumerate((v for v in earlier if not _is_plain(v)), 1):
            names.give(node, f"{name}_{n}")
    for node, name in hints.items():
        if node not in results:
            names.give(node, name)
    for result in results:
        names.give(result, "y")
    for node in _walk_all(whole):
        if isinstance(node, Reduce) and node.how == "logsumexp" and leaves(node.body, Carried):
            names.give(node.body, "z")  # its gradient has exponentials of all of it, which are computed shifted by one maximum
        if isinstance(node, Carried):
            names.give(carried[node.name], "state")
            names.give(node, f"{names.given[carried[node.name]]}_{'before' if node.step < 0 else 'after'}")
    return names.given


def reached(results: list[Expr], carried: dict[str, Expr]) -> list[Expr]:
    """The results, then the states that steps read and that are part of none: of one state, the next needs the last one alone."""
    found = list(results)
    for root in found:
        states = {carried[node.name]: None for node in walk(root) if isinstance(node, Carried)}
        found += [state for state in states if state not in found]
    return found


def _plain(name: str) -> str:
    """A variable's name without underscores around it, where that is a name."""
    bare = name.strip("_")
    return name if keyword.iskeyword(bare) else bare


def _walk_all(exprs: Iterable[Expr]) -> Iterator[Expr]:
    for expr in exprs:
        yield from walk(expr)


def _is_plain(node: Expr) -> bool:
    return isinstance(node, (Input, Const, Param, Size, Iota, Ref)) or node.kind == "bool"


def _positions(results: list[Expr]) -> Iterator[Expr]:
    """Nodes of index maps: they stay in place, since sizes and adjoints are read from the whole map."""
    for node in _walk_all(results):
        if isinstance(node, At):
            for _, index in node.index:
                if affine(index) is not None:
                    yield from walk(index)


def cut(results: list[Expr], names: dict[Expr, str], carried: dict[str, Expr]) -> tuple[list[Let], Results]:
    """The trees cut at their named nodes, and the name and axes of each output."""
    lets: list[Let] = []
    done: dict[Expr, Expr] = {}
    for node in _walk_all(reached(results, carried)):
        if node not in done:
            done[node] = node.rebuild(tuple(done[c] for c in node.children)) if node.children else node
            if isinstance(node, Carried):
                done[node] = replace(done[node], name=names[carried[node.name]])  # type: ignore[type-var]
            if node in names and not _is_plain(node):
                lets.append(Let(names[node], flatten(done[node])))
                done[node] = lets[-1].ref
    used = {let.name for let in lets} | {i.name for r in results for i in leaves(r, Input, Param)}  # type: ignore[attr-defined]
    outputs: Results = []
    for result in results:
        last = done[result]
        if not isinstance(last, Ref) or last.name in [n for n, _ in outputs]:
            lets.append(Let(free_name(names.get(result, "y"), used), flatten(last)))
            last = lets[-1].ref
            used.add(last.name)
        outputs.append((last.name, last.axes))
    return lets, outputs
