"""docs/coverage.md: every entry that it names exists, no function of theirs is left out, and it is up to date."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

import pytest

from derive.entries import entries

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import coverage_page as coverage
from coverage_rows import NO_FUNCTIONS, TABLES

OURS = {e.name for e in entries()}


@pytest.mark.parametrize("title", TABLES)
def test_every_entry_that_a_table_names_exists(title: str) -> None:
    assert [n for value in TABLES[title].values() for n in coverage.names(value) if n not in OURS] == []


@pytest.mark.parametrize("title", TABLES)
def test_nothing_is_called_missing_that_is_there(title: str) -> None:
    assert [theirs for theirs, value in TABLES[title].items() if not coverage.names(value) and theirs in OURS] == []


def test_a_missing_row_says_why() -> None:
    rows = [value for table in TABLES.values() for value in table.values() if not coverage.names(value)]
    assert all(value.startswith(coverage.MISSING) and len(value) > len(coverage.MISSING) for value in rows)


def test_the_document_is_up_to_date() -> None:
    assert coverage.DOCUMENT.read_text(encoding="utf-8") == coverage.page()


def told(module: str) -> set[str]:
    """The names in the tables of a module."""
    return {theirs for title, table in TABLES.items() if title.partition(":")[0] == module for theirs in table}


def functions(module: Any) -> set[str]:
    """The public functions of a module, without those in place and those that return positions as well."""
    public = {n for n in dir(module) if not n.startswith("_") and _is_function(getattr(module, n))}
    return {n for n in public if plain(n) == n or plain(n) not in public}


def plain(name: str) -> str:
    """relu of relu_, max_pool1d of max_pool1d_with_indices."""
    return name.removesuffix("_").removesuffix("_with_indices")


def _is_function(value: Any) -> bool:
    return callable(value) and not inspect.isclass(value) and not getattr(value, "__module__", "").startswith(("typing", "importlib"))


@pytest.mark.parametrize("module", NO_FUNCTIONS)
def test_no_function_of_theirs_is_left_out(module: str) -> None:
    try:
        found = functions(pytest.importorskip(module))
    except Exception as error:
        pytest.skip(f"{module} does not import: {error}")
    assert sorted(found - told(module) - set(NO_FUNCTIONS[module].split())) == []


def test_a_function_that_is_left_out_is_seen() -> None:
    class Module:
        relu = staticmethod(lambda x: x)
        relu_ = staticmethod(lambda x: x)
        brand_new = staticmethod(lambda x: x)
        Tensor = type("Tensor", (), {})

    assert functions(Module) == {"relu", "brand_new"}
