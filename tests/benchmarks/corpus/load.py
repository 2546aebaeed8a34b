"""An implementation's text as a function."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from hashlib import sha1
from pathlib import Path
from typing import Any

from corpus.entry import Entry

FOLDER = Path(tempfile.gettempdir()) / "derive-checker-corpus"


def path(entry: Entry) -> Path:
    """The file that holds the implementation, written if it is not there."""
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{entry.op}_{sha1(entry.text.encode()).hexdigest()[:10]}.py"
    if not file.exists():
        file.write_text(entry.text, encoding="utf-8")
    return file


def load(entry: Entry) -> Callable[..., Any]:
    """The function under test, loaded afresh."""
    file = path(entry)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(str(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, entry.function)
    return function
