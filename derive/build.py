"""Everything that is generated and committed: the package `reference` and the pages in docs/derivations."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from derive import pipeline
from derive.catalog.geometry import RECURRENCES, Recurrence
from derive.codegen import package
from derive.codegen.module import HEADER, Piece, piece
from derive.entries import FACTS, GEOMETRY, REFERENCE, Entry, about, entries, entry, sections
from derive.facts import Facts, facts
from derive.facts import text as facts_text
from derive.files import make_folder, write
from derive.language.memory import forget
from derive.language.nodes import walk
from derive.network import settled
from derive.pages.entries import recurrences_source
from derive.pages.index import FOLDER, NOTE, Page, page, pages
from derive.pages.portrait import is_curve

SUMMARY = "Neural network mathematics in NumPy: values, gradients and directional derivatives, derived and checked from short definitions."

COLLECTED_AFTER = 10  # entries: to look at all that is alive takes longer than most of them
_since_collected = 0


@dataclass(frozen=True)
class Made:
    """What an entry gives: its generated functions, its page, and what is known of it."""

    pieces: tuple[Piece, ...]
    page: Page
    facts: Facts


def make(name: str) -> Made:
    """Derive an entry of the catalogue."""
    found = entry(name)
    pieces = () if isinstance(found, Recurrence) else tuple(piece(p, d) for p, d in pipeline.functions(found))
    return Made(pieces, page(found), facts(found))


def made() -> dict[str, Made]:
    """Every entry of the catalogue, derived on all processors."""
    names = [e.name for e in entries()]
    pool = ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), _without_collection)
    try:
        running = {name: pool.submit(_made_alone, name) for name in longest_first()}
        return {name: running[name].result() for name in names}
    finally:
        pool.shutdown(cancel_futures=True)


def longest_first() -> list[str]:
    """The names of all entries: curves, which take long to look at, then the largest definitions first, so that no processor is
    left with a long one at the end."""
    return [e.name for e in sorted(entries(), key=_length, reverse=True)]


def _length(e: Entry) -> tuple[bool, int]:
    return (False, 0) if isinstance(e, Recurrence) else (is_curve(e), sum(len(walk(let.body)) for let in e.program.lets))


def _without_collection() -> None:
    """A process of the pool collects garbage between entries alone, and none of what it began with."""
    gc.disable()
    gc.freeze()


def _made_alone(name: str) -> Made:
    """The same in a process of the pool, which then forgets what belongs to this entry alone."""
    global _since_collected
    try:
        return make(name)
    finally:
        forget()
        _since_collected += 1
        if _since_collected == COLLECTED_AFTER:
            _since_collected = 0
            gc.collect()


def reference(derived: Mapping[str, Made]) -> dict[str, str]:
    """The files of the generated package by their path: a module per section, their support, and an `__init__` that imports on demand."""
    groups = [
        package.Group(name, about(name), [p for op in members for p in derived[op.name].pieces])
        for name, members in sections()
        if name != GEOMETRY
    ]
    files = package.package_files(groups, SUMMARY)
    files[f"{GEOMETRY}.py"] = recurrences_source(RECURRENCES, about(GEOMETRY))
    modules = {path.removesuffix(".py"): text for path, text in files.items() if not path.startswith("_")}
    files["__init__.py"] = package.init_text(SUMMARY, {name: module for module, text in modules.items() for name in exported(text)})
    files[FACTS] = facts_text({name: m.facts for name, m in derived.items()})
    return {f"{REFERENCE}/{path}": text for path, text in files.items()}


def exported(text: str) -> list[str]:
    """The names in the `__all__` of a module's text."""
    tree = ast.parse(text).body
    values = [n.value for n in tree if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and n.targets[0].id == "__all__"]
    return [str(name) for v in values for name in ast.literal_eval(v)]


def files() -> dict[str, str]:
    """Every generated file: its path below the checkout, and its text."""
    found = made()
    return {**reference(found), **pages({name: m.page for name, m in found.items()}), settled.PATH: NOTE + settled.page()}


def stale(root: Path, wanted: dict[str, str]) -> list[str]:
    """The generated files that are missing, differ from what they should be, or should not be there, each with the reason."""
    found = [f"{path} {fault}" for path, text in wanted.items() if (fault := _fault(root / path, text))]
    return found + [f"{path} is left over" for path in left_over(root, wanted)]


def _fault(path: Path, text: str) -> str:
    if not path.is_file():
        return "is missing"
    return "" if path.read_bytes() == text.encode() else "is stale"


def left_over(root: Path, wanted: dict[str, str]) -> list[str]:
    """Files that an earlier build wrote and this one does not."""
    there = [p for pattern in (f"{REFERENCE}/*.py", f"{FOLDER}/*.md") for p in sorted(root.glob(pattern))]
    return [p.relative_to(root).as_posix() for p in there if _is_generated(p) and p.relative_to(root).as_posix() not in wanted]


def _is_generated(path: Path) -> bool:
    return path.read_bytes().startswith((HEADER.encode(), NOTE.strip().encode()))


def build(root: Path) -> list[str]:
    """Write what is stale and remove what is left over; the paths that changed.

    Raises DeriveError, with nothing half-written, where a file cannot be written.
    """
    wanted = files()
    changed = [path for path, text in wanted.items() if _fault(root / path, text)]
    for path in changed:
        make_folder((root / path).parent)
        write(root / path, wanted[path])
    gone = left_over(root, wanted)
    for path in gone:
        (root / path).unlink()
    return [*changed, *gone]
