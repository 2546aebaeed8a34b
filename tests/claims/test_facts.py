"""Every fact beside the catalogue holds and is found out when it is turned false; pages and derive show list what is stated of an op."""

import ast
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from claims.claims_mutants import changed, false_versions

from derive import cli
from derive.catalog import find
from derive.claims.claim import Claim
from derive.claims.decide import decide
from derive.claims.facts import catalogue_facts, statements, subjects
from derive.claims.rows import CLAIMS, FACTS
from derive.claims.statements import Relation, Statement, about, equal
from derive.entries import entries
from derive.language import Real, op
from derive.pages.entries import document
from derive.pages.index import page
from derive.pages.markdown import markdown

NAMES = {e.name for e in entries()}
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda s: s.program.name)


@every_fact
def test_it_holds_and_has_a_page(fact: Statement) -> None:
    answer = decide(fact)
    assert answer.settled in ("proved", "computed") and answer.evidence, answer
    assert subjects(fact) & NAMES, "no page would show it"


@every_fact
def test_turned_false_it_is_refuted(fact: Statement) -> None:
    found = list(false_versions(fact))
    assert found
    for name, false in found:
        assert decide(false).settled == "refuted", name


@every_fact
def test_with_another_number_or_exponent_it_is_not_proved(fact: Statement) -> None:
    if isinstance(fact, Relation) and fact.sign == "=" and is_small(fact):
        for name, other in changed(fact):
            assert decide(other).settled != "proved", name


def is_small(fact: Statement) -> bool:
    """Whether it is about elements alone: a false statement about sums takes long to give up on."""
    return all(set(i.names) <= {"..."} for i in fact.program.inputs)


def test_definitions_among_claims_and_facts_have_names_of_their_own() -> None:
    texts = [f.read_text() for f in files("derive.claims.rows").iterdir() if f.name.endswith(".py")]
    names = Counter(n.name for text in texts for n in ast.parse(text).body if isinstance(n, ast.FunctionDef))
    assert [n for n, count in names.items() if count > 1] == []


# fmt: off
OWED = {  # what the catalogue owes: words of a fact, by op
    "sigmoid":          ("s(1 - s)", "at most 1/4", "within a quarter of it"),
    "tanh":             ("2 sigmoid(2x) - 1", "1 less the square", "slope of tanh is at most 1"),
    "softmax":          ("sums to one", "added to all scores changes nothing", "sigmoid of the difference", "diag(p) - p p^T", "symmetric",
                         "semidefinite", "sum to 0"),
    "elu":              ("The slope jumps by 1 - alpha",),
    "leaky_relu":       ("for a of at most 1",),
    "gelu":             ("The least value of gelu", "gelu_tanh less gelu"),
    "gelu_tanh":        ("gelu_tanh less gelu",),
    "silu":             ("The least value of silu",),
    "mish":             ("The least value of mish",),
    "selu":             ("E[selu(z)] = 0", "E[selu(z)^2] = 1", "The scale", "alpha"),
    "batch_norm_train": ("closed form of the gradient", "sum to 0", "acts as eps divided by a^2", "flips", "As eps goes to 0",
                         "1 - eps/(v + eps)", "A bias before batch norm changes nothing", "its gradient is 0"),
    "batch_norm_unbiased": ("sum(g xhat)/(N - 1)",),
    "sum":              ("gradient of a sum is broadcast",),
    "bias_add":         ("gradient of a broadcast is summed",),
    "embedding":        ("one-hot", "adds up over repeated indices"),
    "conv1d":           ("transposed convolution",),
    "conv_transpose1d": ("convolution of g",),
    "dropout":          ("expectation is the input", "variance is x^2 rate/(1 - rate)"),
    "add_k_smoothing":  ("its mode", "its mean"),
    "weight_decay":     ("For plain gradient descent",),
    "adam_l2":          ("exactly this far apart",),
    "adam":             ("running mean is (1 - beta^t) g",),
    "sgd_momentum":     ("a geometric sum", "Under a constant gradient"),
    "gradient_descent": ("5*0.8^t", "at every rate below 2/k", "one sample, each with chance 1/N"),
    "smooth_l1":        ("huber divided by its width",),
    "linear":           ("Two linear layers are one",),
    "relu":             ("tents", "n + 1 pieces"),
    "residual_add":     ("reaches x unchanged",),
}
# fmt: on


@pytest.mark.parametrize("name", OWED)
def test_what_the_catalogue_owes_is_stated(name: str) -> None:
    known = [s.says for s, _ in statements((*CLAIMS, *FACTS)) if name in subjects(s)]
    assert [words for words in OWED[name] if not any(words in says for says in known)] == []


def test_a_page_lists_facts_with_their_claims() -> None:
    text = markdown(document(find("leaky_relu"), ("value",), catalogue_facts("leaky_relu")))
    assert "Proved, tier A, under the condition a \\<= 1: the difference is 0, in each of 6 cases. Part of [claim 5](../claims.md)" in text
    assert text.index("for a of at most 1") < text.index("Not so: The leaky relu is the larger of a\\*x and x.")
    assert "Refuted: x = 1, a = 2: 1 and 2." in text
    assert "## Facts" in page(find("leaky_relu")).text and "## Facts" not in page(find("lora")).text


FILE = '''
"""Ops of a user, and what is said of them."""
from derive.claims.statements import at_most, equal, expected
from derive.language import Real, op, where

@op
def hinge(x: Real["..."]):
    """What is below 1 lacks."""
    return where(x < 1, 1 - x, 0)

@op
def mirrored(x: Real["..."]):
    """Mirrored at 1, it differs by x - 1."""
    return hinge(2 - x) - hinge(x), x - {number}

@op
def above(x: Real[""]):
    """It is never below 0."""
    return 0, hinge(x)

FACTS = (equal(mirrored), at_most(above), expected(hinge, "{digits}", "Its mean."))
'''


@pytest.mark.parametrize(("number", "digits", "false"), [("1", "1.0833", 0), ("2", "1.0833", 1), ("1", "1.0834", 1), ("0", "1.1", 1)])
def test_a_users_file(number: str, digits: str, false: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE.format(number=number, digits=digits))
    assert cli.main(["show", f"{path}:hinge", "--format", "json", "--reading", "value"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["facts"]) == 3 and sum(f["settled"] == "refuted" for f in shown["facts"]) == false
    assert "return 0, hinge(x)" in next(f["formal"] for f in shown["facts"] if "below 0" in f["says"])
    assert shown["curve"]["range"] == "from 0 (attained) to inf"


def test_a_users_file_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text(FILE.format(number="3", digits="1.0833"))
    assert cli.main(["show", f"{path}:hinge"]) == 0
    out = capsys.readouterr().out
    assert "Not so: Mirrored at 1, it differs by x - 1." in out and "Proved, tier A" in out and "Computed: 1.08331547" in out


def test_a_changed_definition_makes_its_facts_false() -> None:
    @op
    def wrong(x: Real["..."], y: Real["..."]):
        """A fact about a sum that forgets a factor."""
        return find("add")(x, y), x + 2 * y

    fact = equal(wrong)
    assert subjects(fact) == {"wrong", "add"} and decide(fact).settled == "refuted"
    assert subjects(about(fact, find("relu"))) == {"wrong", "add", "relu"}


def test_a_claim_gives_its_statements_once() -> None:
    found = [s for s, _ in statements(CLAIMS)]
    assert len(set(map(id, found))) == len(found) and all(isinstance(c, Claim) for _, c in statements(CLAIMS))
