"""Generated gradients take no more array passes than a good hand-written one: counted on the plan, not timed."""

import pytest

from derive.catalog import find
from derive.codegen.plan import array_passes, plan
from derive.language import Index, Positive, Real, exp, mean, onehot, op, size, sqrt
from derive.language import sum as total
from derive.pipeline import readings, stable

ALLOWED = 1.2


def passes(program):
    """Operations over arrays of at least two axes (vectors of statistics are cheap)."""
    return sum(n for axes, n in array_passes(plan(stable(program))).items() if len(axes) > 1)


@op
def batch_norm_train(g: Real["N D"], x: Real["N D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """Ioffe & Szegedy's gradient as textbooks print it."""
    mu = mean(x, "N")
    centred = x - mu
    rstd = 1 / sqrt(mean(centred**2, "N") + eps)
    xhat = centred * rstd
    gx = g * xhat
    return gamma * rstd * (g - mean(g, "N") - xhat * mean(gx, "N")), total(gx, "N"), total(g, "N")


@op
def layer_norm(g: Real["... D"], x: Real["... D"], gamma: Real["D"], beta: Real["D"], *, eps: Positive = 1e-5):
    """The same, along the features."""
    mu = mean(x, "D")
    centred = x - mu
    rstd = 1 / sqrt(mean(centred**2, "D") + eps)
    xhat = centred * rstd
    h = g * gamma
    return rstd * (h - mean(h, "D") - xhat * mean(h * xhat, "D")), total(g * xhat, "..."), total(g, "...")


@op
def softmax(g: Real["... C"], z: Real["... C"], *, temperature: Positive = 1):
    """p * (g - total(g * p)) / T."""
    e = exp(z / temperature)
    p = e / total(e, "C")
    return p * (g - total(g * p, "C")) / temperature


@op
def cross_entropy(g: Real[""], logits: Real["N C"], label: Index["N -> C"]):
    """(p - onehot) / N."""
    e = exp(logits)
    p = e / total(e, "C")
    return g * (p - onehot(label, "C")) / size("N")


@op
def attention(g: Real["... L E"], q: Real["... L D"], k: Real["... M D"], v: Real["... M E"]):
    """dS = P * (dP - rowsum(P * dP)), then four matrix products."""
    scale = 1 / sqrt(size("D"))
    e = exp(total(q * k, "D") * scale)
    p = e / total(e, "M")
    dp = total(g * v, "E")
    ds = p * (dp - total(p * dp, "M")) * scale
    return total(ds * k, "M"), total(ds * q, "L"), total(p * g, "L")


TEXTBOOK = (batch_norm_train, layer_norm, softmax, cross_entropy, attention)


@pytest.mark.parametrize("textbook", TEXTBOOK, ids=lambda t: t.name)
def test_the_gradient_is_as_lean_as_the_textbook(textbook):
    derived = passes(readings(find(textbook.name)).vjp)
    written = passes(textbook.program)
    assert derived <= ALLOWED * written, f"{textbook.name}: {derived} passes, the textbook form takes {written}"


@pytest.mark.parametrize("op_", [find(t.name) for t in TEXTBOOK], ids=lambda o: o.name)
def test_nothing_is_computed_twice(op_):
    steps = plan(stable(readings(op_).vjp)).steps
    assert len(set(steps)) == len(steps)
