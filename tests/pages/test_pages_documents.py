"""Pages: everything the derivation has is on them, in every format, for ops that nobody here has seen."""

import re

import pytest

from derive.catalog import CATALOG, find
from derive.catalog.geometry import RECURRENCES
from derive.language import Index, NonNegative, Real, max, mean, op, sqrt, where
from derive.language import abs as absolute
from derive.language.operation import Op
from derive.pages.document import Code, Document, Folded, Heading, Proved
from derive.pages.entries import document
from derive.pages.formulas import parts
from derive.pages.kinks import kinks
from derive.pages.markdown import markdown
from derive.pages.paper import paper
from derive.pages.plain import inline, plain
from derive.pipeline import readings


@op
def bent(x: Real["..."], *, knee: NonNegative = 2):
    """The input up to a knee, its root beyond."""
    return where(x <= knee, x, knee + sqrt(1 + x - knee) - 1)


@op
def moments(x: Real["N H W"]):
    """Mean and spread of each image."""
    mu = mean(x, "H W")
    sd = sqrt(mean((x - mu) ** 2, "H W") + 1)
    return mu, sd


@op
def rival(score: Real["N C"], label: Index["N -> C"]):
    """The best score less that of the label, with *stars* and under_scores in its words."""
    return mean(max(score, "C") - score.at(C=label), "N")


UNSEEN = (bent, moments, rival)


def steps(found: Document) -> list[Proved]:
    """The steps of a page, folded ones too."""
    flat = [b for block in found.blocks for b in (block.blocks if isinstance(block, Folded) else (block,))]
    return [b for b in flat if isinstance(b, Proved)]


@pytest.mark.parametrize("definition", UNSEEN, ids=lambda d: d.name)
def test_every_checked_step_is_on_the_page(definition: Op) -> None:
    derived = [d for r in readings(definition).names if (d := readings(definition).derivation(r))]
    assert len(steps(document(definition))) == sum(len(d.steps) for d in derived) > 0
    assert {p.tier for p in steps(document(definition))} == {s.certificate.tier for d in derived for s in d.steps}


@pytest.mark.parametrize("definition", UNSEEN, ids=lambda d: d.name)
@pytest.mark.parametrize("form", [markdown, plain, paper])
def test_formats_hold_code_and_summary(definition: Op, form: object) -> None:
    text = form(document(definition))  # type: ignore[operator]
    assert f"def {definition.name}(" in text and f"def {definition.name}_vjp(" in text
    assert definition.name.split("_")[0] in text


def test_words_of_authors_do_not_become_markup() -> None:
    assert r"with \*stars\* and under\_scores" in markdown(document(rival))
    assert r"under\_scores" in paper(document(rival))
    assert "with *stars* and under_scores" in plain(document(rival))


def test_kinks_name_the_branch_that_owns_the_boundary() -> None:
    assert [inline(k) for k in kinks(bent.program)] == ["At x = knee value and derivative are those of x."]
    assert [inline(k) for k in kinks(find("relu").program)] == ["At x = 0 value and derivative are those of 0."]
    assert "the first has the derivative" in inline(kinks(rival.program)[0])


def test_positions_are_no_kinks() -> None:
    @op
    def smooth(x: Real["N"]):
        """A smooth function of the absolute value."""
        return absolute(x) ** 2

    assert len(kinks(smooth.program)) == 1
    assert kinks(find("softmax").program) == ()


@pytest.mark.parametrize("name", [e.name for e in CATALOG if readings(e).names != ("value",)])
def test_parts_of_definitions_are_explained(name: str) -> None:
    derivation = readings(find(name)).derivation("vjp")
    assert derivation is not None
    used = {part for s in derivation.steps for part in re.findall(r"\w+%\d+", f"{s.name} {s.left} {s.right}")}
    assert {part.removeprefix("v_") for part in used} == {let.name for let in parts(derivation, find(name).program)}


@pytest.mark.parametrize("recurrence", RECURRENCES, ids=lambda r: r.name)
def test_recurrences_have_pages(recurrence: object) -> None:
    found = document(recurrence)  # type: ignore[arg-type]
    assert steps(found) and any(isinstance(b, Code) for b in found.blocks)
    assert all(p.evidence and p.rule for p in steps(found))
    assert isinstance(found.blocks[0], Heading)


def test_pages_do_not_depend_on_what_was_made_before() -> None:
    first = markdown(document(find("huber")))
    document(find("mae"))
    assert markdown(document(find("huber"))) == first
