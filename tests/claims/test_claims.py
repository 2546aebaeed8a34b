"""Every claim is settled, what was proved has no counterexample, and every statement turned false is found out."""

import ast
import json
from pathlib import Path

import pytest
from claims.claims_mutants import changed, false_versions

from derive import cli
from derive.claims import page
from derive.claims.claim import Claim, Verdict, with_statement
from derive.claims.decide import decide, settle
from derive.claims.rows import CLAIMS
from derive.claims.search import counterexample
from derive.claims.statements import Answer, Fails, Relation, Tends, counted, equal
from derive.language import Positive, Range, Real, op
from derive.language.errors import DefinitionError

ROOT = Path(__file__).parents[2]
VERDICTS: dict[int, Verdict] = {}
NO_VALUE = {"adamw_with_divided"}  # with beta2 beyond 1 it has no value anywhere, so nothing refutes it


def verdict(claim: Claim) -> Verdict:
    return VERDICTS.setdefault(claim.number, settle(claim))


every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: str(c.number))


def test_there_are_all_54() -> None:
    assert [c.number for c in CLAIMS] == list(range(1, 55))


@every_claim
def test_settled(claim: Claim) -> None:
    found = verdict(claim)
    assert found.faults == () and found.word != "undecided"
    assert all(a.evidence for a in found.answers)


@every_claim
def test_no_statement_says_the_same_twice(claim: Claim) -> None:
    for s in claim.statements:
        said = s.other if isinstance(s, Fails) else s
        if isinstance(said, (Relation, Tends)):
            (function,) = ast.parse("\n".join(page.source(said.program.name))).body
            sides = [ast.dump(e) for e in _returned(function)]
            assert len(set(sides)) == len(sides), s.says


def _returned(function: ast.stmt) -> list[ast.expr]:
    """What a definition returns: one expression for each output."""
    assert isinstance(function, ast.FunctionDef) and isinstance(function.body[-1], ast.Return)
    value = function.body[-1].value
    assert value is not None
    return value.elts if isinstance(value, ast.Tuple) else [value]


def test_nothing_said_is_refused() -> None:
    @op
    def alone(x: Real[""]):
        """One output."""
        return x + 1

    with pytest.raises(DefinitionError, match="wanted two or more"):
        equal(alone)
    with pytest.raises(DefinitionError, match="wanted at least one setting"):
        counted(alone, int, [])


@every_claim
def test_what_is_proved_has_no_counterexample(claim: Claim) -> None:
    for s, a in zip(claim.statements, verdict(claim).answers, strict=True):
        if isinstance(s, Relation) and a.settled == "proved":
            assert counterexample(s) == "", s.says


@every_claim
def test_a_statement_turned_false_is_refuted(claim: Claim) -> None:
    answers = verdict(claim).answers
    held = [(n, s) for n, (s, a) in enumerate(zip(claim.statements, answers, strict=True)) if a.settled in ("proved", "computed")]
    assert held
    for n, s in held:
        for name, false in false_versions(s):
            answer = decide(false)
            assert answer.settled == "refuted", f"{s.says} ({name}): {answer}"
            assert _spoiled(claim, n, false, answer), f"{s.says} ({name})"


def _spoiled(claim: Claim, place: int, false: object, answer: Answer) -> bool:
    """Whether the claim's verdict shows that one of its statements was turned false."""
    old = verdict(claim)
    answers = (*old.answers[:place], answer, *old.answers[place + 1 :])
    new = Verdict(with_statement(claim, claim.statements[place], false), answers)
    return new.word != old.word or bool(new.faults)


@every_claim
def test_a_coefficient_or_exponent_changed_is_not_proved(claim: Claim) -> None:
    for s, a in zip(claim.statements, verdict(claim).answers, strict=True):
        if a.settled in ("proved", "computed") and not (isinstance(s, Relation) and s.sign != "="):
            for name, other in changed(s):
                answer = decide(other)
                assert answer.settled in ("refuted", "undecided"), f"{s.says} ({name}): {answer}"
                assert answer.settled == "refuted" or s.program.name in NO_VALUE, f"{s.says} ({name}): {answer}"


def test_what_cannot_be_settled_is_counted() -> None:
    @op
    def hard(x: Real[""], *, a: Positive):
        """A polynomial that is never negative, but no sum of squares (Motzkin 1967)."""
        return 0, x**4 * a**2 + x**2 * a**4 - 3 * x**2 * a**2 + 1

    claim = Claim(99, "hard", (Relation("hard", hard.program, "<="),))
    found = settle(claim)
    assert found.word == "undecided" and found.faults
    assert page.summary((found,)).endswith("1 undecided")


def test_a_refuted_claim_without_a_correction_is_a_fault() -> None:
    @op
    def wrong(x: Real[""], *, s: Range(0, 1)):
        """Wrong."""
        return s, s + 1

    assert settle(Claim(99, "wrong", (equal(wrong),))).faults == ("refuted, and nothing is stated in its place",)


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / page.PATH).read_text() == page.document(tuple(map(verdict, CLAIMS)))


def test_one_claim_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "5"]) == 0
    out = capsys.readouterr().out
    assert "proved under a condition: a <= 1" in out
    assert "return leaky_relu(x, slope=a), maximum(a * x, x)" in out
    assert "refuted: x = 1, a = 2: 1 and 2" in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "44", "53", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["claims"]
    assert (first["number"], first["verdict"], second["verdict"]) == (44, "refuted", "computed")
    assert "-0.169971207479903661693868470982" in second["statements"][0]["evidence"]


def test_an_unknown_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["claims", "77"]) == 2
    assert "there is no claim 77" in capsys.readouterr().err


def test_a_page_that_says_something_else_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("derive.commands.claims.CLAIMS", CLAIMS[:1])
    monkeypatch.chdir(tmp_path)
    assert cli.main(["claims"]) == 0
    (tmp_path / "docs").mkdir()
    assert cli.main(["claims", "--write"]) == 0 and cli.main(["claims"]) == 0
    written = (tmp_path / page.PATH).read_text()
    (tmp_path / page.PATH).write_text(written.replace("**proved**", "**refuted**"))
    assert cli.main(["claims"]) == 1
    assert "docs/claims.md says something else" in capsys.readouterr().err
