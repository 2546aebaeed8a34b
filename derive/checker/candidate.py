"""Somebody's own function: loaded from a file, its arguments matched to the op's, called without letting it do harm."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from derive.checker.environment import restore_subnormals
from derive.checker.evaluate import CheckError
from derive.language.errors import closest
from derive.language.program import Program

Array = NDArray[Any]
REFUSING = ("torch", "jax")
BUSY, PATIENCE = 0.75, 3.0  # shares of the limit: computed so far, and of the clock at most, for a call that had to share the machine
OURS = Path(__file__).resolve().parents[1]  # where no line of a candidate stands
MANY = 20  # functions of a module that an error lists
LIMIT = 10.0  # seconds that one call may take
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class CandidateError(CheckError):
    """A candidate that cannot be loaded, or that fails on every legal input."""


@dataclass(frozen=True)
class Binding:
    """How a function is called: by position what each of `slots` names (an input or an output's cotangent), by keyword
    `keywords`, and those of the op's `parameters` that it takes."""

    slots: tuple[str, ...]
    keywords: tuple[str, ...]
    parameters: tuple[str, ...]

    @property
    def taken(self) -> tuple[str, ...]:
        """Everything passed, by name."""
        return (*self.slots, *self.keywords)


@dataclass(frozen=True)
class Raised:
    """The candidate raised: what, and on which of its lines; or it did not return in time; or a framework that it calls refused."""

    message: str
    late: bool = False
    refused: bool = False


def load(spec: str) -> Callable[..., Any]:
    """The function that "FILE.py:FUNCTION" names. Raises CandidateError, saying what is missing."""
    path, _, name = spec.rpartition(":")
    dotted = path and not path.endswith(".py") and all(part.isidentifier() for part in path.split("."))
    if not name or not (path.endswith(".py") or dotted):
        raise CandidateError(f"{spec}: wanted FILE.py:FUNCTION, such as my_ops.py:my_gelu, or MODULE:FUNCTION")
    module = _imported(path) if dotted else _module(Path(path))
    restore_subnormals()
    try:
        found: Callable[..., Any] = getattr(module, name)
    except AttributeError:
        listed = _functions(module)
        raise CandidateError(f"{path} has no function {name}{closest(name, listed) or '; it has ' + _some(listed)}") from None
    if not callable(found):
        raise CandidateError(f"{path}: {name} is {type(found).__name__}, not a function")
    return found


def _functions(module: Any) -> list[str]:
    """The functions of a module, and what else it says that it has: a module may make its functions only when they are asked for."""
    return [n for n in dir(module) if n not in vars(module) or inspect.isfunction(vars(module)[n])]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY]) or "none"
    return shown + (f" and {len(names) - MANY} more" if len(names) > MANY else "")


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise CandidateError(f"{name} could not be imported: {describe(error)}") from error


def _module(path: Path) -> Any:
    if not path.is_file():
        raise CandidateError(f"{path}: no such file")
    name = f"_candidate_{path.stem}_{abs(hash(str(path.resolve()))):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CandidateError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise CandidateError(f"{path} could not be loaded: {describe(error, str(path))}") from error
    finally:
        sys.path.pop(0)
    return module


def _refused(error: BaseException) -> bool:
    """Whether a framework's own code raised it on purpose, in a `raise` of its own: so torch refuses to normalise a single value, and
    JAX to differentiate what it has no rule for."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not isinstance(error, (ValueError, NotImplementedError)):
        return False
    homes = [Path(str(getattr(sys.modules[m], "__file__", None) or os.devnull)).parent for m in REFUSING if m in sys.modules]
    last, line = Path(frames[-1].filename), frames[-1].line or ""
    hidden = last.is_relative_to(OURS) and isinstance(error, NotImplementedError)  # JAX takes its own frames out of a traceback
    return hidden or (any(last.is_relative_to(h) for h in homes) and line.startswith("raise "))


def describe(error: BaseException, within: str | None = None) -> str:
    """An exception in one line, with the innermost line of the candidate's own file."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not Path(f.filename).is_relative_to(OURS)]
    own = [f for f in frames if within is None or f.filename.endswith(within)] or frames
    if isinstance(error, SyntaxError) and error.lineno:
        return f"SyntaxError: {error.msg} (line {error.lineno})"
    where = f" (line {own[-1].lineno}: {own[-1].line})" if own and own[-1].line else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


def _entered(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a call of it runs: the `forward` of a torch module, which hands on whatever it is called with."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(function, torch.nn.Module):
        return function.forward  # type: ignore[no-any-return]
    return function


def _arguments(function: Callable[..., Any], program: Program) -> tuple[list[str], list[str], list[str]]:
    """The names of positional arguments, of required keyword-only ones, and the op's parameters that can be passed."""
    try:
        signature = inspect.signature(_entered(function))
    except (TypeError, ValueError):
        return [i.name for i in program.inputs], [], []
    known = [p.name for p in program.parameters]
    items = signature.parameters.values()
    anything = any(p.kind is p.VAR_KEYWORD for p in items)
    parameters = [n for n in known if n in signature.parameters or anything]
    positional = [p.name for p in items if p.kind in POSITIONAL and p.name not in known]
    keyword = [p.name for p in items if p.kind is p.KEYWORD_ONLY and p.name not in known and p.default is p.empty]
    if any(p.kind is p.VAR_POSITIONAL for p in items):
        positional += [i.name for i in program.inputs if i.name not in (*positional, *keyword)]
    inputs = {i.name for i in program.inputs}
    optional = {p.name for p in items if p.default is not p.empty and p.name not in inputs}
    return [n for n in positional if n not in optional], keyword, parameters


def defaults_of(function: Callable[..., Any]) -> dict[str, float]:
    """The numbers that arguments have as their defaults."""
    try:
        items = inspect.signature(_entered(function)).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: float(p.default) for p in items if isinstance(p.default, (int, float)) and not isinstance(p.default, bool)}


def bind_forward(function: Callable[..., Any], program: Program) -> Binding:
    """Inputs by name where all names match, else by position. Raises CheckError when their number differs."""
    positional, keyword, parameters = _arguments(function, program)
    inputs = [i.name for i in program.inputs]
    if sorted((*positional, *keyword)) == sorted(inputs):
        return Binding(tuple(positional), tuple(keyword), tuple(parameters))
    if len(positional) == len(inputs) and not keyword:
        return Binding(tuple(inputs), (), tuple(parameters))
    raise CheckError(
        f"{_name(function)} takes ({', '.join((*positional, *keyword))}); {program.name} has the inputs ({', '.join(inputs)})"
        f"{_parameter_list(program)}; give it one argument for each input, by these names or in this order"
    )


def _parameter_list(program: Program) -> str:
    names = ", ".join(p.name for p in program.parameters)
    return f" and the parameters ({names})" if names else ""


def bind_backward(function: Callable[..., Any], program: Program) -> Binding:
    """Cotangents first, then inputs; by name inputs may be left out, and a scalar loss may leave out its cotangent.

    Raises CheckError when no reading of the signature fits.
    """
    positional, keyword, parameters = _arguments(function, program)
    inputs, outputs = [i.name for i in program.inputs], [o.name for o in program.outputs]
    scalar = all(not o.names for o in program.outputs)
    strange = [n for n in (*positional, *keyword) if n not in inputs]
    named = [n for n in positional if n in inputs]
    if (named or keyword) and len(strange) in (len(outputs), *([0] if scalar else [])) and not set(strange) & set(keyword):
        seeds = dict(zip(strange, (cotangent(o) for o in outputs), strict=False))
        return Binding(tuple(seeds.get(n, n) for n in positional), tuple(keyword), tuple(parameters))
    for lead in ([cotangent(o) for o in outputs], *([[]] if scalar else [])):
        if len(positional) == len(lead) + len(inputs) and not keyword:
            return Binding((*lead, *inputs), (), tuple(parameters))
    wanted = [f"g_{o}" if len(outputs) > 1 else "g" for o in outputs]
    raise CheckError(
        f"{_name(function)} takes ({', '.join((*positional, *keyword))}); wanted ({', '.join((*wanted, *inputs))})"
        f"{', or without g, for the loss is a scalar' if scalar else ''}; inputs may be left out if the others carry these names"
    )


def cotangent(output: str) -> str:
    """The name under which an output's cotangent travels."""
    return f"cotangent of {output}"


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))


def arguments(binding: Binding, values: Mapping[str, Any], parameters: Mapping[str, float]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments of a call."""
    positional = [values[n] for n in binding.slots]
    return positional, {n: values[n] for n in binding.keywords} | {n: parameters[n] for n in binding.parameters}


def call(function: Callable[..., Any], positional: Sequence[Any], keywords: Mapping[str, Any], limit: float = LIMIT) -> Any:
    """What the function returns, or a Raised. Its warnings and prints are swallowed; after `limit` seconds it is stopped."""
    quiet = Silence()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            with limited(limit):
                return function(*positional, **keywords)
        except TooSlow:
            return Raised(f"not returned within {limit:g} s", True)
        except (Exception, SystemExit) as error:
            return Raised(describe(error), refused=_refused(error))
        finally:
            restore_subnormals()


class Silence(io.TextIOBase):
    """Takes everything that is printed and keeps nothing."""

    def write(self, text: str) -> int:
        """Nothing happens."""
        return len(text)


class TooSlow(BaseException):
    """A call ran out of time; no Exception, so that a candidate does not catch it."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow inside a block that takes longer, where the system and the thread allow it."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable or signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return

    began, worked = time.perf_counter(), time.process_time()

    def stop(*_: object) -> None:
        if time.process_time() - worked < BUSY * seconds and time.perf_counter() - began < PATIENCE * seconds:
            signal.setitimer(signal.ITIMER_REAL, seconds / 4)  # the machine was busy with something else
            return
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outputs_of(result: Any, program: Program) -> dict[str, Any] | str:
    """A forward's results by output name, or what is wrong with them."""
    names = [o.name for o in program.outputs]
    if isinstance(result, Mapping):
        return {n: result[n] for n in names} if set(names) <= set(result) else f"returned the keys {sorted(result)}; wanted {names}"
    several = isinstance(result, (tuple, list))
    alone = several and len(result) == 1 and type(result[0]) not in (float, int, list)  # a float of NumPy is an array here
    arrays = result if several and (len(names) > 1 or alone) else (result,)
    if len(arrays) != len(names):
        return f"returned {len(arrays)} arrays; wanted {len(names)}: {', '.join(names)}"
    return dict(zip(names, arrays, strict=True))


def gradients_of(result: Any, program: Program, binding: Binding) -> dict[str, Any] | str:
    """A backward's results by the input they are gradients of, or what is wrong with them.

    All real inputs in order, or only those it takes, or the first few; a dict by name (x, dx, grad_x, x_grad).
    """
    names = [i.name for i in program.real_inputs]
    if isinstance(result, Mapping):
        found = {n: result[k] for n in names for k in (n, f"d{n}", f"d_{n}", f"grad_{n}", f"{n}_grad") if k in result}
        return found or f"returned the keys {sorted(map(str, result))}; wanted {names}"
    several = list(result) if isinstance(result, (tuple, list)) else [result]
    taken = [n for n in names if n in binding.taken]
    if not several or len(several) > len(names):
        return f"returned {len(several)} gradients; wanted {len(names)}: {', '.join(names)}"
    chosen = taken if len(several) == len(taken) else names
    return {n: v for n, v in zip(chosen, several, strict=False) if v is not None} or "returned None"
