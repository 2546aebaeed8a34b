"""Derivations, generated functions and their trial by brute force: the verbs that the rest of derive uses."""

from __future__ import annotations

import ast
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from derive.catalog.geometry import RECURRENCES, Recurrence
from derive.geometry.emit import helpers
from derive.geometry.questions import Function, question, trials
from derive.geometry.rules import Step

MOST_CASES = 4000


@dataclass(frozen=True)
class Verification:
    """How many calls were compared with the referee, how many differed, how long it took, and the first difference."""

    cases: int
    mismatches: int
    seconds: float
    first_mismatch: str

    @property
    def passed(self) -> bool:
        """Whether every call agreed."""
        return self.mismatches == 0


def answer(recurrence: Recurrence) -> Any:
    """The formulas that answer a recurrence, derived from its index map."""
    return question(recurrence).answer(recurrence)


def derivation(recurrence: Recurrence) -> tuple[Step, ...]:
    """The steps from the index map to the answer; each has .says, .text, .latex, .rule, .proof and .hypotheses."""
    return prove(recurrence, answer(recurrence))


def prove(recurrence: Recurrence, claim: Any) -> tuple[Step, ...]:
    """The steps to a claimed answer (see `answer` for its type); NotProved, with a counterexample where one is small, if it is wrong."""
    return question(recurrence).steps(recurrence, claim)


def functions(recurrences: Iterable[Recurrence] = RECURRENCES) -> tuple[ast.FunctionDef, ...]:
    """What a generated module holds: the private helpers, then one function per recurrence. Nothing needs an import."""
    return (*helpers(), *(function(r, answer(r)) for r in recurrences))


def function(recurrence: Recurrence, claim: Any) -> ast.FunctionDef:
    """The Python function that computes a claimed answer."""
    asked = question(recurrence)
    return asked.function(recurrence, claim, asked.referee(recurrence, recurrence.example))


def source(definitions: Iterable[ast.FunctionDef]) -> str:
    """The functions as text, two empty lines apart."""
    return "\n\n\n".join(ast.unparse(ast.fix_missing_locations(d)) for d in definitions) + "\n"


def compiled(recurrence: Recurrence, claim: Any) -> Function:
    """The generated function, ready to call: compiled from its text."""
    space: dict[str, Any] = {}
    exec(compile(source((*helpers(), function(recurrence, claim))), f"<generated {recurrence.name}>", "exec"), space)
    made: Function = space[recurrence.name]
    return made


def verify(recurrence: Recurrence, budget: float = 2.0, seed: int = 0) -> Verification:
    """The generated function against brute force: a fixed grid, then random settings for at most `budget` seconds."""
    claim = answer(recurrence)
    return compare(recurrence, claim, compiled(recurrence, claim), budget, seed)


def compare(recurrence: Recurrence, claim: Any, function: Function, budget: float, seed: int) -> Verification:
    """A function, and what a claimed answer holds besides, against brute force: the grid always, random calls while time is left."""
    started = time.perf_counter()
    cases = mismatches = 0
    first = ""
    for trial in trials(recurrence, claim, function, random.Random(seed)):
        if not trial.fixed and (cases >= MOST_CASES or time.perf_counter() - started > budget):
            break
        cases += 1
        if trial.got != trial.wanted:
            mismatches += 1
            first = first or f"{trial.call} gives {trial.got}, brute force {trial.wanted}"
    return Verification(cases, mismatches, time.perf_counter() - started, first)
