"""Reports in the forms that other programs read: JUnit XML and GitHub annotations."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from derive.checker.report import Report


def junit(report: Report) -> str:
    """One test suite, one test case for each reading."""
    cases = []
    failed = 0
    for reading in report.tallies:
        found = [f for f in report.findings if f.reading == reading and not report.agrees]
        name = quoteattr(f"{report.op} {reading} {report.dtype}")
        head = f'  <testcase classname="derive.check" name={name} time="{report.seconds:.3f}">'
        if found:
            failed += 1
            message = quoteattr(f"{report.verdict}: {report.diagnosis or found[0].kind}")
            cases.append(f"{head}\n    <failure message={message}>{escape(report.text())}</failure>\n  </testcase>")
        else:
            cases.append(f"{head}</testcase>")
    suite = f'<testsuite name="derive.check" tests="{len(cases)}" failures="{failed}" errors="0" time="{report.seconds:.3f}">'
    return "\n".join(['<?xml version="1.0" encoding="utf-8"?>', suite, *cases, "</testsuite>"])


def github(report: Report, path: str, line: int) -> str:
    """A workflow command that marks the function's first line; the whole report follows."""
    level = "notice" if report.agrees else "warning" if report.verdict.startswith("inaccurate") else "error"
    title = f"{report.candidate}: {report.verdict}"
    text = report.diagnosis or next((f.message or f.kind for f in report.findings), report.text().splitlines()[0])
    where = f"file={_property(path)},line={line}," if path else ""
    return f"::{level} {where}title={_property(title)}::{_data(text)}\n{report.text()}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
