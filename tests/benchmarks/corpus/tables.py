"""Outcomes as tables: detection, false alarms, right diagnoses, seconds; and the same for the rivals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from corpus import labels
from corpus.entry import CLASSES, INACCURATE, WRONG, Entry

Key = tuple[str, str]
Outcomes = Mapping[Key, Mapping[str, Any]]
FAILING = (WRONG, INACCURATE)
RIVALS = ("gradcheck", "gradcheck fast", "assert_close", "jax check_grads", "CS231n")


def summary(outcomes: Outcomes, entries: Iterable[Entry]) -> str:
    """The whole table as text, and what went wrong."""
    by_id = {e.id: e for e in entries}
    rows = [*_wrong_rows(outcomes, by_id), _correct_row(outcomes, by_id)]
    return "\n".join([_table(rows), "", *_complaints(outcomes, by_id), "", _speed(outcomes)])


def detected(entry: Entry, outcome: Mapping[str, Any]) -> bool:
    """Whether the mistake was seen: a failing verdict, or for a sibling of the op any verdict but plain agreement."""
    return outcome["verdict"] in (*FAILING, *entry.verdicts)


def named(entry: Entry, outcome: Mapping[str, Any]) -> bool:
    """Whether the mistake was called by its name."""
    return detected(entry, outcome) and labels.names(outcome["cause"] or "", entry.label)


def _wrong_rows(outcomes: Outcomes, by_id: Mapping[str, Entry]) -> list[list[str]]:
    head = ["class", "wrong", "found", "graded right", "named", *RIVALS]
    rows = [head]
    for category in (*CLASSES, "all"):
        chosen = [(by_id[k[0]], o) for k, o in outcomes.items() if not by_id[k[0]].correct and category in ("all", by_id[k[0]].category)]
        if chosen:
            rows.append([category, str(len(chosen)), *_derive_cells(chosen), *(_rival_cell(chosen, r) for r in RIVALS)])
    return rows


def _derive_cells(chosen: list[tuple[Entry, Mapping[str, Any]]]) -> list[str]:
    nameable = [(e, o) for e, o in chosen if labels.counted(e.label)]
    return [
        _share(chosen, detected),
        _share(chosen, lambda e, o: e.wants(o["verdict"])),
        _share(nameable, named),
    ]


def _rival_cell(chosen: list[tuple[Entry, Mapping[str, Any]]], rival: str) -> str:
    """Objections among all entries asked about, those it does not apply to counted as missed."""
    asked = [o["rivals"] for _, o in chosen if o.get("rivals")]
    if not asked:
        return "-"
    applies = [a for a in asked if a.get(rival) is not None]
    found = sum(bool(a[rival]) for a in applies)
    return f"{found}/{len(asked)} ({len(asked) - len(applies)} n/a)"


def _correct_row(outcomes: Outcomes, by_id: Mapping[str, Entry]) -> list[str]:
    chosen = [(by_id[k[0]], o) for k, o in outcomes.items() if by_id[k[0]].correct]
    alarms = sum(o["verdict"] in (WRONG, "refused", "crashed", "timeout") for _, o in chosen)
    soft = sum(o["verdict"] == INACCURATE for _, o in chosen)
    return ["correct: alarms", str(len(chosen)), str(alarms), f"{soft} inaccurate", "", *(_rival_cell(chosen, r) for r in RIVALS)]


def _share(chosen: list[tuple[Entry, Mapping[str, Any]]], test: Callable[[Entry, Mapping[str, Any]], bool]) -> str:
    hits = sum(test(e, o) for e, o in chosen)
    return f"{hits}/{len(chosen)} {100 * hits / len(chosen):.0f} %" if chosen else "-"


def _complaints(outcomes: Outcomes, by_id: Mapping[str, Entry]) -> list[str]:
    lines = []
    for (name, dtype), o in outcomes.items():
        e = by_id[name]
        if e.correct and not e.wants(o["verdict"]):
            lines.append(f"ALARM   {o['verdict']:<10} {name} [{dtype}]")
        elif not e.correct and not detected(e, o):
            lines.append(f"MISSED  {o['verdict']:<10} {name} [{dtype}]")
        elif not e.wants(o["verdict"]):
            lines.append(f"GRADED  {o['verdict']:<10} {name} [{dtype}] wanted {' or '.join(e.verdicts)}")
    return lines


def _speed(outcomes: Outcomes) -> str:
    times = sorted(float(o["seconds"]) for o in outcomes.values())
    return f"{len(times)} checks; seconds per check: median {times[len(times) // 2]:.1f}, largest {times[-1]:.1f}" if times else "no checks"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(r) + " |" for r in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def page(outcomes: Outcomes, entries: Iterable[Entry]) -> str:
    """docs/check-benchmark.md."""
    by_id = {e.id: e for e in entries}
    ops, kinds = {e.op for e in by_id.values()}, {(e.op, e.kind) for e in by_id.values()}
    correct = sum(e.correct for e in by_id.values())
    return PAGE.format(
        ops=len(ops),
        kinds=len(kinds),
        correct=correct,
        wrong=len(by_id) - correct,
        table=_markdown([*_wrong_rows(outcomes, by_id), _correct_row(outcomes, by_id)]),
        speed=_speed(outcomes),
        complaints="\n".join(_complaints(outcomes, by_id)) or "nothing",
    )


PAGE = """# How well the checker finds mistakes

Generated by `python tests/benchmarks/checker_corpus.py --rivals --write`. The corpus, in `tests/benchmarks/corpus`, holds {wrong} wrong
and {correct} correct implementations of {ops} ops ({kinds} ops and kinds), as people write them; many are checked in more than one dtype.

- *Found*: the verdict was not agreement.
- *Graded right*: it was the verdict that the mistake deserves (`wrong`, `inaccurate here`, a named sibling of the op).
- *Named*: the first cause that the report gives is the mistake made. Counted where a single edit of the formula is the mistake.
- The other tools get inputs as a user would choose them (normal numbers, a few of each axis), and a correct companion for what the
  implementation lacks. What they do not apply to (n/a) counts as not found.
- The last row counts objections to correct code. `inaccurate` there is a finding where digits are lost indeed, mostly in a framework's own
  derivative.

{table}

{speed}.

## What is missed, graded otherwise, or a false alarm

```
{complaints}
```
"""
