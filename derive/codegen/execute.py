"""Running generated text, for verification and for use without a file."""

from __future__ import annotations

import linecache
from typing import Any


def compile_source(source: str, name: str) -> dict[str, Any]:
    """The names that a generated module defines; tracebacks show its lines under <derive:name>."""
    filename = f"<derive:{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(source, filename, "exec"), namespace)
    return namespace
