"""Formulas in circulation, settled: each is tried on small settings against counting by hand, the smallest failure is shown.

What is right is found without any formula: windows are slid, positions are followed. A claim's correction must never fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from derive.network.published import CLAIMS, Claim, Setting

PATH = "docs/published-formulas.md"


@dataclass(frozen=True)
class Verdict:
    """How many settings were tried, at how many the claim and its correction fail, and the first failure of the claim."""

    claim: Claim
    tried: int
    wrong: int
    wrong_correction: int
    first: Setting | None

    @property
    def holds(self) -> bool:
        """Whether the claim never failed."""
        return self.wrong == 0


def settle(claim: Claim) -> Verdict:
    """Try a claim and its correction on all settings."""
    tried = wrong = wrong_correction = 0
    first = None
    for setting in claim.settings():
        tried += 1
        truth = claim.counted(**setting)
        wrong_correction += claim.correction(**setting) != truth
        if claim.formula(**setting) != truth:
            wrong += 1
            first = first or setting
    return Verdict(claim, tried, wrong, wrong_correction, first)


@cache
def verdicts() -> tuple[Verdict, ...]:
    """All claims, settled."""
    return tuple(map(settle, CLAIMS))


def page() -> str:
    """The verdicts as Markdown."""
    text = [
        "# Published formulas, settled\n",
        "Formulas about sizes, fields and costs that are in circulation, tried against counting: windows are slid, positions are",
        "followed, without a formula. The first failure in the order of the settings (small ones first) is shown. Each correction",
        "was tried on the same settings and never failed.\n",
        "| statement | tried | wrong |",
        "| --- | ---: | ---: |",
        *(f"| {v.claim.title} | {v.tried:,} | {v.wrong:,} |" for v in verdicts()),
    ]
    return "\n".join([*text, "", *(_section(v) for v in verdicts())])


def _section(v: Verdict) -> str:
    claim = v.claim
    lines = [f"## {claim.title}\n", f"Published: {claim.where}.\n", f"    {claim.says}\n"]
    if v.first is None:
        return "\n".join([*lines, f"It holds at all {v.tried:,} settings tried.\n"])
    lines.append(f"It is wrong at {v.wrong:,} of {v.tried:,} settings. The first: {_at(claim, v.first)}.\n")
    if claim.also:
        lines.append(f"Another: {_at(claim, claim.also)}.\n")
    return "\n".join([*lines, f"Right is: {claim.right}.\n"])


def _at(claim: Claim, setting: Setting) -> str:
    there = ", ".join(f"{key} = {_value(value)}" for key, value in setting.items())
    return f"{there}, where it says {_value(claim.formula(**setting))} and is {_value(claim.counted(**setting))}"


def _value(value: Any) -> str:
    if isinstance(value, tuple) and value and not isinstance(value[0], tuple):
        return " or ".join(map(_value, value))
    if isinstance(value, tuple):
        return " then ".join(map(_layer, value)) or "no layers"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _layer(row: tuple[int, int, int]) -> str:
    return f"(kernel {row[0]}, stride {row[1]}, dilation {row[2]})"
