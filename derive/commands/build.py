"""derive build."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from derive.build import build, files, stale
from derive.files import make_folder
from derive.language.errors import DeriveError


def run(arguments: argparse.Namespace) -> int:
    """Write what is generated, or say what of it is not up to date."""
    root = _root(arguments.output)
    if arguments.check:
        return _check(root)
    make_folder(root)
    changed = build(root)
    print("\n".join([*changed, f"{len(changed)} files changed"]))
    return 0


def _check(root: Path) -> int:
    wanted = files()
    found = stale(root, wanted)
    for fault in found:
        print(fault, file=sys.stderr)
    print(
        f"{len(found)} of {len(wanted)} generated files are not up to date; run derive build"
        if found
        else "all generated files are up to date"
    )
    return 1 if found else 0


def _root(output: str | None) -> Path:
    """The folder to write into: the one named, or the current one if it is a checkout."""
    root = Path(output or ".")
    if output is None and not (root / "derive" / "catalog").is_dir():
        raise DeriveError(f"{root.resolve()} is no checkout of derive; go to one, or name a folder with --output")
    if root.exists() and not root.is_dir():
        raise DeriveError(f"cannot write into {root}: it is no folder")
    return root
