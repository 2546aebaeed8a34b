"""The command line: reads arguments, calls the command, prints errors. It decides nothing, and imports nothing heavy."""

from __future__ import annotations

import argparse
import difflib
import gc
import os
import re
import signal
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

USAGE_ERROR, INTERRUPTED = 2, 130
READINGS = ("value", "vjp", "jvp", "hvp")
FORMATS = ("text", "markdown", "latex", "json")
Raw = argparse.RawDescriptionHelpFormatter

OVERVIEW = """\
From one short definition of an op to its gradient, stable NumPy code, a certified reference and a checker.

OP is a name that derive list shows, such as batch_norm_train, or a definition of your own: FILE.py:NAME.
"""

EXAMPLES = """\
examples:
  derive list                                         what there is
  derive show softmax                                 definition, gradient with its proof, code
  derive generate softmax -o softmax.py               a module that needs NumPy alone
  derive check mine.py:gelu --op gelu                 is my function right?
  derive show my_ops.py:my_op                         the same for a definition of my own
  derive verify                                       derive, generate and verify everything

derive COMMAND --help explains a command. Exit codes: 0 yes, 1 no, 2 wrong usage, 3 a candidate that cannot run.
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, with the nearest word where one was mistyped."""

    def error(self, message: str) -> NoReturn:
        """Print the error and exit with code 2."""
        self.exit(USAGE_ERROR, f"{self.prog}: {_reworded(message)}; {self.prog} --help shows how\n")


def _reworded(message: str) -> str:
    """The message of argparse, a long list of choices replaced by the nearest."""
    found = re.fullmatch(r"(?:argument \S+: )?invalid choice: '(.*)' \((?:maybe you meant.*)?choose from (.*)\)", message)
    if not found:
        return message
    choices = re.findall(r"[\w-]+", found[2])
    near = difflib.get_close_matches(found[1], choices, n=2, cutoff=0.4)
    offered = f"did you mean {' or '.join(near)}?" if near else f"wanted {', '.join(choices)}"
    return f'"{found[1]}" is none of the choices; {offered}'


def _list(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", action="store_true", help="print JSON")


def _op(p: argparse.ArgumentParser) -> None:
    p.add_argument("op", metavar="OP", help="a name of the catalogue, or FILE.py:NAME")


def _show(p: argparse.ArgumentParser) -> None:
    _op(p)
    p.add_argument("--format", choices=FORMATS, default="text", help="text (default), markdown, latex or json")
    p.add_argument("--reading", action="append", choices=READINGS, help="value, vjp, jvp or hvp; may be repeated (default: value and vjp)")


def _generate(p: argparse.ArgumentParser) -> None:
    _op(p)
    p.add_argument("-o", "--output", metavar="FILE", required=True, help="the module to write; - prints it")


def _build(p: argparse.ArgumentParser) -> None:
    p.add_argument("--check", action="store_true", help="write nothing; exit 1 naming the files that are not up to date")
    p.add_argument("--output", metavar="DIR", help="the folder to write into (default: the checkout in the current folder)")


def _budget(p: argparse.ArgumentParser, seconds: float | None, what: str) -> None:
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--seed", type=_natural, default=0, metavar="N", help="another seed tries other inputs (default 0)")
    p.add_argument("--budget", type=_seconds, default=seconds, metavar="S", help=f"seconds for {what}")


def _verify(p: argparse.ArgumentParser) -> None:
    p.add_argument("ops", metavar="OP", nargs="*", help="what to verify (default: the whole catalogue)")
    _budget(p, None, "each op (default 3, less where many are verified)")


def _check(p: argparse.ArgumentParser) -> None:
    p.add_argument("candidate", metavar="FILE.py:FORWARD", nargs="?", help="the function to check (or MODULE:FUNCTION)")
    p.add_argument("--op", metavar="OP", required=True, help="what it should compute: a name of the catalogue, or FILE.py:NAME")
    p.add_argument("--backward", metavar="FILE.py:BACKWARD", help="its gradient: backward(g, *inputs) or backward(*inputs) for a loss")
    p.add_argument("--command", dest="program", metavar="CMD", help='a program instead: "./kernel {in} {out}", both .npz files')
    p.add_argument("--backward-command", metavar="CMD", help="a program for the gradient")
    p.add_argument("--dtype", default="float64", help="float16, float32, float64 (default), or bfloat16 for torch and JAX")
    p.add_argument("--against", metavar="OP", help="a sibling of the op to hold it against instead")
    p.add_argument("--framework", choices=("numpy", "torch", "jax"), help="what the function computes with (default: what its code uses)")
    p.add_argument("--allow-inaccurate", action="store_true", help="exit 0 also where digits are lost but the function is right")
    p.add_argument("--replay", metavar="CASE", help="try one kept counterexample again")
    p.add_argument("--format", choices=("text", "json", "junit", "github"), default="text", help="how the report is printed")
    p.add_argument(
        "--param", action="append", default=[], type=_parameter, metavar="NAME=VALUE", help="a parameter's value, as in eps=1e-5"
    )
    _budget(p, 1.0, "the search (default 1)")


def _natural(word: str) -> int:
    if not word.isdecimal():
        raise argparse.ArgumentTypeError(f'"{word}" is no whole number from 0')
    return int(word)


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f'"{word}" is no number of seconds')
    return value


def _parameter(word: str) -> tuple[str, float]:
    name, equals, value = word.partition("=")
    try:
        return name, float(value)
    except ValueError:
        wanted = f"{name}=NUMBER" if equals and name else "NAME=NUMBER, as in eps=1e-5"
        raise argparse.ArgumentTypeError(f'"{word}": wanted {wanted}') from None


def _field(p: argparse.ArgumentParser) -> None:
    p.add_argument("net", metavar="NET", help='a file (.toml, .json, .txt, .onnx, FILE.py:MODEL), or text: "conv 7 /2; max_pool 3 /2"')
    p.add_argument("--input", type=_lengths, metavar="N", help="the input size: 224, or 480x640 by axis")
    p.add_argument("--at", metavar="LAYER", help="the layer to end at (default: the whole network)")
    p.add_argument("--symbolic", action="store_true", help="sizes and MACs as formulas in the input size")
    p.add_argument("--want", type=_natural, metavar="N", help="the smallest changes that bring the field to N, each with its proof")
    p.add_argument("--inputs-for", type=_natural, metavar="N", help="the input sizes at which the end has N positions, all of them")
    p.add_argument("--exact", action="store_true", help="the input sizes at which no window leaves positions over")
    p.add_argument("--plot", metavar="FILE.svg", help="draw how the field grows, and what one output sees (needs matplotlib)")
    p.add_argument("--json", action="store_true", help="print JSON")


def _gain(p: argparse.ArgumentParser) -> None:
    _op(p)
    p.add_argument(
        "--param", action="append", default=[], type=_parameter, metavar="NAME=VALUE", help="a parameter's value, as in slope=0.2"
    )
    p.add_argument("--json", action="store_true", help="print JSON")


def _claims(p: argparse.ArgumentParser) -> None:
    p.add_argument("numbers", metavar="NUMBER", nargs="*", type=_natural, help="claims to show in full (default: a table of all)")
    p.add_argument("--json", action="store_true", help="print JSON")
    p.add_argument("--write", action="store_true", help="write docs/claims.md of the checkout in the current folder")


def _lengths(word: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", word):
        raise argparse.ArgumentTypeError(f'"{word}" is no size; wanted a whole number, or one per axis as in 480x640')
    return tuple(map(int, word.split("x")))


@dataclass(frozen=True)
class Command:
    """A subcommand: its arguments, what it does in a few words and in full, and examples."""

    name: str
    arguments: Callable[[argparse.ArgumentParser], None]
    brief: str
    description: str
    examples: tuple[str, ...]


COMMANDS = (
    Command(
        "list",
        _list,
        "show what there is",
        "Show the catalogue: every op by section, with the sentence that says what it does.",
        ("derive list", "derive list --json"),
    ),
    Command(
        "show",
        _show,
        "show an op: definition, gradient, proof, code",
        "Show an op: its definition, its gradient with every checked step, the stable form and the code.",
        ("derive show batch_norm_train", "derive show gelu --reading hvp", "derive show my_ops.py:shrink --format markdown > shrink.md"),
    ),
    Command(
        "generate",
        _generate,
        "write a module with an op and its gradients",
        "Write a module with an op's value, gradient and directional derivatives. It needs NumPy, and SciPy where a special function "
        "does; never derive.",
        ("derive generate attention -o attention.py", "derive generate my_ops.py:shrink -o -"),
    ),
    Command(
        "verify",
        _verify,
        "derive, generate and verify",
        "Derive, generate and verify: the generated code against the certified reference over the whole range of floats, against finite "
        "differences and, where it is installed, against torch. Exits 1 if a bound does not hold.",
        ("derive verify", "derive verify softmax layer_norm --budget 10", "derive verify my_ops.py:shrink --json"),
    ),
    Command(
        "check",
        _check,
        "check a function of yours against an op",
        "Check a function of yours, and its gradient, against an op. Exits 0 if it agrees, 1 if it is wrong or inaccurate (with the "
        "smallest input that shows it, and the cause), 3 if it cannot be loaded or run. derive stub OP prints a template.",
        (
            "derive check mine.py:gelu --op gelu",
            "derive check mine.py:norm --backward mine.py:norm_grad --op layer_norm --dtype float32",
            "derive check mine.py:f --op my_ops.py:shrink --param width=0.25",
        ),
    ),
    Command(
        "contract",
        _op,
        "print what an op promises",
        "Print the contract that derive check holds a function to: signature, domains, parameters, kinks and ties, and where floats are in "
        "danger.",
        ("derive contract softmax",),
    ),
    Command(
        "stub",
        _op,
        "print a template to fill in and check",
        "Print a file to fill in: forward and backward of an op, with the signatures that derive check expects.",
        ("derive stub rms_norm > mine.py",),
    ),
    Command(
        "field",
        _field,
        "sizes, receptive fields and costs of a network",
        "Show size, jump, field, centre, parameters and multiply-adds of every layer of a network, exactly. Exits 1 if the network does "
        "not fit together at this input size, 3 if it cannot be read.",
        (
            "derive field net.toml --input 224",
            'derive field "conv 3 d=2 p=2; max_pool 2; conv 3" --at conv3',
            "derive field model.py:net --input 480x640 --json",
            "derive field net.toml --symbolic",
            "derive field net.toml --want 224",
            "derive field net.toml --inputs-for 7 --at pool5",
        ),
    ),
    Command(
        "gain",
        _gain,
        "how to scale weights in front of an activation",
        "Show the mean squares of an element-wise op and of its slope for a standard normal input, in closed form where there is one and "
        "enclosed otherwise, and the variances of weights that undo them.",
        ("derive gain gelu", "derive gain leaky_relu --param slope=0.2", "derive gain my_ops.py:shrink"),
    ),
    Command(
        "claims",
        _claims,
        "settle what textbooks claim",
        "Settle statements from the literature by machine: proved, proved under a condition, computed or refuted. Exits 1 if one is "
        "undecided, or if docs/claims.md of the checkout in the current folder says something else.",
        ("derive claims", "derive claims 5 39", "derive claims --json"),
    ),
    Command(
        "build",
        _build,
        "write the generated package and pages",
        "Write the package reference/ and the pages in docs/derivations/ of a checkout.",
        ("derive build", "derive build --check"),
    ),
)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = Parser(prog="derive", description=OVERVIEW, epilog=EXAMPLES, formatter_class=Raw)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for c in COMMANDS:
        examples = "\n".join(["examples:", *(f"  {line}" for line in c.examples)]) + "\n"
        sub = commands.add_parser(c.name, help=c.brief, description=textwrap.fill(c.description, 79), epilog=examples, formatter_class=Raw)
        c.arguments(sub)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    os.environ.setdefault("SYMPY_GROUND_TYPES", "python")
    arguments = parser().parse_args(argv)
    try:
        code: int = import_module(f"derive.commands.{arguments.command}").run(arguments)
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, Interrupted):
        print("derive: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if not _is_ours(error):
            raise
        print(f"derive {arguments.command}: {error}", file=sys.stderr)
        return USAGE_ERROR


class Interrupted(BaseException):
    """The user pressed Ctrl-C. (A KeyboardInterrupt that passes through an import may cost the exit code: Python then kills itself.)"""


def command() -> NoReturn:
    """The command as a process: ends with the code of `main`."""
    signal.signal(signal.SIGINT, _interrupted)
    gc.set_threshold(200_000, 20, 100)  # expressions are kept, and looking through all of them finds nothing to free
    sys.exit(main())


def _interrupted(*_: object) -> NoReturn:
    raise Interrupted


def _is_ours(error: Exception) -> bool:
    """Whether derive raised the error on purpose; asked late, so that starting costs nothing."""
    return isinstance(error, import_module("derive.language.errors").DeriveError)
