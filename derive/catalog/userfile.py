"""Running a user's file of definitions: its names and values, or one clear error that says where it failed."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType

from derive.language.errors import DefinitionError, DeriveError, UnknownOp


def ops_in(path: str) -> dict[str, object]:
    """The public names that the file defines, in order. The file may import its neighbours; nothing is cached or written.

    Raises UnknownOp when the file cannot be read, DefinitionError when it does not run.
    """
    code = _compiled(path)
    module = ModuleType(Path(path).stem)
    module.__file__ = path
    with _importable(Path(path).resolve().parent):
        try:
            exec(code, module.__dict__)
        except DeriveError as error:
            where = "" if Path(path).name in str(error) else f"{_line(path, error)}: "
            raise DefinitionError(f"{where}{error}") from None
        except (Exception, SystemExit) as error:
            raise DefinitionError(f"{_line(path, error)}: {type(error).__name__}: {error}") from error
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}


def _compiled(path: str) -> CodeType:
    try:
        return compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    except FileNotFoundError:
        raise UnknownOp(f"{path}: no such file; wanted FILE.py:NAME") from None
    except OSError as error:
        raise UnknownOp(f"{path} cannot be read: {error.strerror}") from None
    except SyntaxError as error:
        raise DefinitionError(f"{path}, line {error.lineno}: {error.msg}") from None
    except ValueError as error:
        raise DefinitionError(f"{path} is no Python file: {error}") from None


def _line(path: str, error: BaseException) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return f"{path}, line {lines[-1]}" if lines else path


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let the file import its neighbours while it runs."""
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before
