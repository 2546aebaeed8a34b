"""How names are written in formulas: Greek letters, hats, indices for axes, letters for sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from derive.language.nodes import BATCH, Carried, Expr, Param, Reduce, Size, base_axis, walk
from derive.language.program import Program

# fmt: off
GREEK = {
    "alpha": r"\alpha", "beta": r"\beta", "gamma": r"\gamma", "delta": r"\delta", "epsilon": r"\epsilon", "eps": r"\epsilon",
    "zeta": r"\zeta", "eta": r"\eta", "theta": r"\theta", "kappa": r"\kappa", "lambda": r"\lambda", "lam": r"\lambda",
    "mu": r"\mu", "nu": r"\nu", "xi": r"\xi", "pi": r"\pi", "rho": r"\rho", "sigma": r"\sigma", "tau": r"\tau",
    "phi": r"\phi", "chi": r"\chi", "psi": r"\psi", "omega": r"\omega",
}
# fmt: on
ACCENTS = {"hat": r"\hat", "tilde": r"\tilde", "bar": r"\bar"}
SPARE = "ijkabrtuvhzqcdefglmnopswxy"
COUNTS = "nmkKMS"
COTANGENT = "bar of "  # no name of a definition has a space


@dataclass(frozen=True)
class Symbols:
    """The notation of one page: `letters` and `counts` give the index and the size of each axis, `order` the order of
    indices, `known` the names that d, v_ and _dot may be put in front of or behind, `carried` what is written as another name at
    the position before or after. An axis with no letter is not written."""

    letters: Mapping[str, str]
    counts: Mapping[str, str]
    order: tuple[str, ...]
    known: frozenset[str] = field(default_factory=frozenset)
    carried: Mapping[str, Carried] = field(default_factory=dict)

    def ordered(self, axes: Iterable[str]) -> list[str]:
        """The axes in the order in which their indices are written."""
        places = {a: k for k, a in enumerate(self.order)}
        return sorted(axes, key=lambda a: (places.get(a, places.get(base_axis(a), len(places))), a))

    def letter(self, axis: str) -> str:
        """The index that runs along an axis, such as n for N; "" for leading axes that are left out."""
        return self.letters.get(axis) or self.letters.get(base_axis(axis), "") + "'" * axis.count("'")

    def name(self, name: str, indices: Iterable[str] = ()) -> str:
        """A name with its indices, such as \\hat{x}_{nd}."""
        head, labels = self._parts(name)
        below = _joined([*labels, *indices], len(labels))
        return f"{head}_{{{below}}}" if below else head

    def _parts(self, name: str) -> tuple[str, list[str]]:
        """The letter of a name and the labels that stand below it, left of its indices."""
        plain = name.rstrip("_")
        stars = [r"\ast"] * (len(name) - len(plain))
        stem, hidden, part = plain.partition("%")
        head, labels = self._stem(stem)
        return head, [*labels, *([f"({part})"] if hidden else []), *stars]

    def _stem(self, name: str) -> tuple[str, list[str]]:
        if name.startswith(COTANGENT):
            return self._over(r"\bar", name.removeprefix(COTANGENT))
        if name.startswith("v_") and name[2:] in self.known:
            return self._over(r"\dot", name[2:])
        if name.endswith("_dot"):
            return self._over(r"\dot", name.removesuffix("_dot"))
        if name.startswith("d") and name[1:] in self.known:
            head, labels = self._stem(name[1:])
            return rf"\mathrm{{d}}{head}", labels
        first, *rest = (part for part in name.split("_") if part)
        head, number = _letter(first)
        return head, [*number, *(_label(r) for r in rest)]

    def _over(self, accent: str, name: str) -> tuple[str, list[str]]:
        head, labels = self._stem(name)
        return f"{accent}{{{head}}}", labels


def _joined(parts: list[str], labels: int) -> str:
    """Indices side by side where all are single letters, else with commas."""
    parts = [p for p in parts if p]
    short = all(len(p.rstrip("'")) == 1 for p in parts[labels:])
    return ", ".join([*parts[:labels], " ".join(parts[labels:])] if parts[labels:] and short else parts)


def _letter(word: str) -> tuple[str, list[str]]:
    """A word without underscores as a letter, and the number below it."""
    match = re.fullmatch(r"(.*?[^0-9])([0-9]+)", word)
    if match:
        return _letter(match[1])[0], [match[2]]
    for ending, accent in ACCENTS.items():
        stem = word.removesuffix(ending)
        if stem != word and (len(stem) == 1 or stem in GREEK):
            return f"{accent}{{{_letter(stem)[0]}}}", []
    if word in GREEK:
        return GREEK[word], []
    return (word if len(word) == 1 else rf"\mathrm{{{word}}}"), []


def _label(word: str) -> str:
    head, number = _letter(word)
    return head + "".join(number)


def symbols(programs: Iterable[Program]) -> Symbols:
    """The notation for some programs that share their names, the definition first."""
    programs = list(programs)
    names = [n for p in programs for n in _names(p)]
    known = frozenset(n for n in names)
    axes = list(dict.fromkeys(a for p in programs for a in (*p.order, *(a for i in p.inputs for a in i.names)) if "'" not in a))
    letters = _letters([a for a in axes if a != BATCH], {n for n in names if len(n) == 1})
    counts = {a: a if len(a) == 1 else rf"\lvert\mathrm{{{a.replace('_', '')}}}\rvert" for a in letters}
    if BATCH in axes:
        used = {*letters.values(), *names}
        letters[BATCH] = _first("i" + SPARE, used) if any(_uses_batch(p) for p in programs) else ""
        counts[BATCH] = _first(COUNTS, {*used, *counts.values(), letters[BATCH]})
    carried = {let.name: let.body for p in programs for let in p.lets if isinstance(let.body, Carried)}
    return Symbols(letters, counts, tuple(axes), known, carried)


def _names(program: Program) -> list[str]:
    parameters = [n.name for let in program.lets for n in walk(let.body) if isinstance(n, Param)]
    return [*(i.name for i in program.inputs), *(let.name for let in program.lets), *(p.name for p in program.parameters), *parameters]


def _letters(axes: list[str], taken: set[str]) -> dict[str, str]:
    """An index for each axis: its name in small letters, another where a name of the definition is written so."""
    found: dict[str, str] = {}
    for axis in axes:
        own = axis.lower() if len(axis) == 1 else rf"\mathrm{{{axis.lower().replace('_', '')}}}"
        free = own not in taken and own not in found.values()
        reserved = {*taken, *found.values(), *(a.lower() for a in axes)}
        found[axis] = own if free else _first(SPARE, reserved)
    return found


def _first(letters: str, taken: set[str]) -> str:
    return next((x for x in letters if x not in taken), r"\ast")


def _uses_batch(program: Program) -> bool:
    return any(_is_batch(n) for let in program.lets for n in walk(let.body))


def _is_batch(node: Expr) -> bool:
    return (isinstance(node, Reduce) and BATCH in node.over) or (isinstance(node, Size) and node.axis == BATCH)
