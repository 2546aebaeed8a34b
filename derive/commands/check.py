"""derive check."""

from __future__ import annotations

import argparse
import inspect
import sys
from typing import Any

from derive.checker.candidate import CandidateError, load
from derive.checker.check import check
from derive.checker.external import external
from derive.checker.isolated import Lost, isolated
from derive.checker.outputs import CANNOT_RUN, github, junit, unable
from derive.checker.report import Report
from derive.entries import op


def run(arguments: argparse.Namespace) -> int:
    """Print the report on a candidate."""
    try:
        code, text = isolated(lambda: _checked(arguments))
    except (CandidateError, Lost) as error:
        what = f"the candidate {error}" if isinstance(error, Lost) else str(error)
        print(f"derive check: {what}", file=sys.stderr)
        if told := unable(_form(arguments), arguments.op, what):
            print(told)
        return CANNOT_RUN
    print(text)
    return code


def _checked(arguments: argparse.Namespace) -> tuple[int, str]:
    """The exit code and what to print; done in a process of its own."""
    wanted = op(arguments.against or arguments.op, "check")
    forward = load(arguments.candidate) if arguments.candidate else None
    if arguments.program:
        forward = external(arguments.program, wanted.program)
    backward = load(arguments.backward) if arguments.backward else None
    if arguments.backward_command:
        backward = external(arguments.backward_command, wanted.program, True)
    report = check(
        forward,
        wanted,
        backward,
        dtype=arguments.dtype,
        parameters=dict(arguments.param),
        seed=arguments.seed,
        budget=arguments.budget,
        framework=arguments.framework,
        replay=arguments.replay,
    )
    code = 0 if report.passes(allow_inaccurate=arguments.allow_inaccurate) else 1
    return code, _shown(report, _form(arguments), forward or backward, _again(arguments))


def _form(arguments: argparse.Namespace) -> str:
    return "json" if arguments.json else str(arguments.format)


def _shown(report: Report, form: str, function: Any, again: str) -> str:
    if form == "json":
        return report.to_json()
    if form == "junit":
        return junit(report)
    if form == "github":
        code = getattr(inspect.unwrap(function), "__code__", None)
        return github(report, getattr(code, "co_filename", ""), getattr(code, "co_firstlineno", 1))
    kept = [f"  {'reproduce':<16} {again} --replay {name}" for name in report.cases if name and not report.agrees]
    return "\n".join([report.text(), *kept])


def _again(arguments: argparse.Namespace) -> str:
    """The command that was given, without what a replay does not need."""
    words = ["derive check", *([arguments.candidate] if arguments.candidate else [])]
    flags = {"--command": "program", "--backward": "backward", "--backward-command": "backward_command", "--op": "op"}
    for flag, name in {**flags, "--against": "against", "--framework": "framework"}.items():
        if value := getattr(arguments, name):
            words.append(f"{flag} {value!r}" if " " in value else f"{flag} {value}")
    return " ".join([*words, *(["--dtype " + arguments.dtype] if arguments.dtype != "float64" else [])])
