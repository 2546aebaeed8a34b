"""Reports in the forms that other programs read: JUnit XML and GitHub annotations; and what they say of a candidate that cannot be run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from derive.checker.findings import Finding
from derive.checker.report import SCHEMA, Report

CANNOT_RUN = 3
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    """One test suite, one test case for each reading, which fails with what was found there."""
    cases = []
    for reading, tally in report.tallies.items():
        told = "; ".join(_stated(report, reading))
        body = f"<failure message={_attribute(f'{report.verdict}: {told}')}>{_text(report.text())}</failure>" if told else ""
        cases.append(_case(f"{report.op} {reading} {report.dtype}", report.seconds if tally.calls else 0.0, body))
    return _suite(cases, report.seconds, failures=sum("<failure" in c for c in cases))


def _stated(report: Report, reading: str) -> Iterator[str]:
    """One line for each thing that is wrong with a reading."""
    if not report.agrees:
        yield from (f"{_place(f)}{c}" for f, c in zip(report.findings, report.stated, strict=True) if f.reading == reading)


def _place(f: Finding) -> str:
    return f"{f.kind} of {f.what}: " if f.what else ""


def _suite(cases: list[str], seconds: float, *, failures: int = 0, errors: int = 0) -> str:
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}" time="{seconds:.3f}"'
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', f'<testsuite name="derive.check" {counts}>', *cases, "</testsuite>"])


def _case(name: str, seconds: float, body: str) -> str:
    return f'  <testcase classname="derive.check" name={_attribute(name)} time="{seconds:.3f}">{body}</testcase>'


def github(report: Report, path: str, line: int) -> str:
    """A workflow command that marks the function's first line; the whole report follows."""
    level = "notice" if report.agrees else "warning" if report.verdict.startswith("inaccurate") else "error"
    told = [t for reading in report.tallies for t in _stated(report, reading)] or [report.diagnosis or report.text().splitlines()[0]]
    return f"{_command(level, path, line, f'{report.candidate}: {report.verdict}', '; '.join(told))}\n{report.text()}"


def _command(level: str, path: str, line: int, title: str, text: str) -> str:
    where = f"file={_property(path)},line={line}," if path else ""
    return f"::{level} {where}title={_property(title)}::{_data(text)}"


def unable(form: str, op: str, message: str) -> str:
    """What there is to print in this form when a candidate cannot be run; "" in text, where the message goes to stderr."""
    if form == "json":
        return json.dumps({"schema": SCHEMA, "op": op, "verdict": "cannot be run", "exit_code": CANNOT_RUN, "message": message}, indent=2)
    if form == "junit":
        return _suite([_case(op, 0.0, f"<error message={_attribute(message)}></error>")], 0.0, errors=1)
    return _command("error", "", 1, f"{op}: cannot be run", message) if form == "github" else ""


def _attribute(text: str) -> str:
    return quoteattr(NOT_XML.sub("?", text))


def _text(text: str) -> str:
    return escape(NOT_XML.sub("?", text))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
