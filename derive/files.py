"""Writing files so that a reader never sees half of one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from derive.language.errors import DeriveError


def write(path: Path, text: str) -> None:
    """Put the text into the file, whole or not at all; a link is followed, a device or pipe is written to.

    Raises DeriveError, naming the path and the reason.
    """
    try:
        _write(path.resolve(), text.encode())
    except OSError as error:
        raise DeriveError(f"cannot write {path}: {error.strerror or error}") from None


def make_folder(path: Path) -> None:
    """Make sure that the folder exists. Raises DeriveError, naming the path and the reason."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeriveError(f"cannot make the folder {path}: {error.strerror or error}") from None


def _write(path: Path, content: bytes) -> None:
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)
        return
    if path.is_dir():
        raise IsADirectoryError(None, "it is a folder; wanted a file")
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """The permissions that the file has, or that a new one would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
