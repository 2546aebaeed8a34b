"""Recurrences along an axis, in definitions that the engine has not seen: every reading, the proof, the code, the checker."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import derive
from derive import oracle
from derive.calculus import reverse
from derive.calculus.canonical import canon_for
from derive.calculus.proof import certify
from derive.catalog import find
from derive.language import (
    DefinitionError,
    Fraction01,
    Op,
    Real,
    exp,
    idx,
    log,
    logsumexp,
    op,
    scan,
    scan_back,
    size,
    sum,
    where,
)
from derive.language.errors import NotProved
from derive.language.nodes import Carried, Iota, at
from derive.language.program import Let, Program
from derive.language.recurrence import schedule
from derive.pipeline import generated, readings, stable

R = np.random.default_rng(5)


@op
def leaky_sum(x: Real["... T"], start: Real["..."], *, keep: Fraction01 = 0.5):
    """A sum that forgets."""
    total = scan(lambda s: keep * s + x, start=start, over="T")
    return total**2


@op
def gated(x: Real["N T H"], u: Real["H H'"]):
    """A state that a gate mixes with what comes in."""

    def step(h):
        gate = 1 / (1 + exp(-sum(h.at(H=idx("H'")) * u, "H'")))
        return gate * h + (1 - gate) * x

    h = scan(step, start=x.at(T=0), over="T")
    return sum(h, "T")


@op
def two_states(x: Real["T"], a: Real[""], b: Real[""]):
    """A position and its speed, pulled back."""
    place, speed = scan(lambda p, v: (p + a * v, v - b * p + x), start=(0, 1), over="T")
    return place * speed


@op
def chain(score: Real["T S"], step: Real["S' S"]):
    """The logarithm of a sum over paths, from the last position to the first."""

    def one(a):
        z = a + step + score
        return logsumexp(z, "S").at(**{"S'": idx("S")})

    a = scan_back(one, start=where(idx("S") < 1, 1, 0), over="T")
    last = a.at(T=0)
    return logsumexp(last, "S")


@op
def record(x: Real["N T"]):
    """The largest value so far."""
    return scan(lambda m: where(x > m, x, m), start=-100, over="T")


@op
def masked_chain(score: Real["T N S"], step: Real["S' S"], first: Real["S"], padding: Real["T N"]):
    """The same from the first position, but where there is padding nothing happens; no part of it has a name."""
    a = scan(lambda a: where(padding > 0, a, score + logsumexp(a.at(S=idx("S'")) + step, "S'")), start=first, over="T")
    return logsumexp(a.at(T=size("T") - 1), "S")


@op
def rescaled(x: Real["T S"], a: Real["S' S"], start: Real["S"]):
    """The logarithm of a sum over paths, of shares that are scaled to one at each step, and returned by none."""

    def step(share, total):
        u = exp(x) * sum(share.at(S=idx("S'")) * exp(a), "S'")
        c = sum(u, "S")
        return u / c, total + log(c)

    _, total = scan(step, start=(exp(start), 0), over="T")
    return total.at(T=size("T") - 1)


SHAPES = {
    "masked_chain": [(3, 2, 2), (2, 2), (2,), (3, 2)],
    "leaky_sum": [(2, 4), (2,)],
    "gated": [(2, 3, 2), (2, 2)],
    "two_states": [(4,), (), ()],
    "chain": [(3, 2), (2, 2)],
    "record": [(2, 4)],
    "rescaled": [(3, 2), (2, 2), (2,)],
}
OPS = {o.name: o for o in (leaky_sum, gated, two_states, chain, record, masked_chain, rescaled)}


def arrays(op_: Op) -> dict[str, np.ndarray]:
    return {i.name: R.normal(size=s) for i, s in zip(op_.program.inputs, SHAPES[op_.name], strict=True)}


def each(result: object) -> tuple[object, ...]:
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", OPS)
def test_every_reading_computes_what_the_oracle_says(name: str) -> None:
    found, functions = OPS[name].program, generated(OPS[name])
    x, v = arrays(OPS[name]), arrays(OPS[name])
    (output,) = found.outputs
    exact = oracle.evaluate(found, x)[output.name]
    y = functions[name](*x.values())
    g = R.normal(size=np.shape(y))
    cotangent = {output.name: g}
    gradient, hvp = oracle.gradient(found, x, cotangent), oracle.hvp(found, x, cotangent, v)
    np.testing.assert_allclose(y, exact.value, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(functions[f"{name}_jvp"](*v.values(), *x.values()), oracle.jvp(found, x, v)[output.name].value, rtol=1e-12)
    for i, d in zip(x, each(functions[f"{name}_vjp"](g, *x.values())), strict=True):
        np.testing.assert_allclose(d, gradient[i].value, rtol=1e-12, atol=1e-14)
    for i, d in zip(x, each(functions[f"{name}_hvp"](g, *v.values(), *x.values())), strict=True):
        np.testing.assert_allclose(d, hvp[i].value, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", OPS)
def test_it_is_proved_for_all_sizes(name: str) -> None:
    assert [readings(OPS[name]).proof(r) for r in ("vjp", "jvp", "hvp")] <= ["A"] * 3


def test_the_oracle_agrees_with_differences() -> None:
    x, v = arrays(gated), arrays(gated)
    h = 1e-6
    ahead, behind = ({n: a + s * h * v[n] for n, a in x.items()} for s in (1, -1))
    values = [oracle.evaluate(gated.program, at_)["y"].value for at_ in (ahead, behind)]
    np.testing.assert_allclose((values[0] - values[1]) / (2 * h), oracle.jvp(gated.program, x, v)["y"].value, rtol=1e-8)


def test_the_gradient_of_a_recurrence_is_one_that_runs_back() -> None:
    lets = {let.name: str(let.body) for let in readings(find("exponential_average")).vjp.lets}
    assert lets == {
        "dm_carried": "dm_before[T+1, from 0]",
        "dm_before": "decay*(dm_carried + g)",
        "dx": "(1 - decay)*(dm_carried + g)",
    }


def test_a_recurrence_that_is_passed_back_the_wrong_way_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    def forward_again(self: reverse.Reverse, c: Carried, name: str) -> object:
        self.back[name] = Carried(name, c.names, c.start, c.axis, c.step)
        return self.keep(f"d{c.name}_carried", self.back[name])

    monkeypatch.setattr(reverse.Reverse, "_carried_back", forward_again)
    with pytest.raises(NotProved):
        reverse_sweep = __import__("derive.calculus.gradient", fromlist=["vjp"]).vjp
        reverse_sweep(two_states.program)


def test_mutated_steps_are_refused() -> None:
    derivation = readings(leaky_sum).derivation("vjp")
    canon = canon_for(leaky_sum.program, expanded=False)
    steps = [s for s in derivation.steps if "carried" in s.rule]
    assert len(steps) == 3
    for s in steps:
        certify(s.name, s.left, s.right, s.rule, canon)
        later = [at(s.right, {"T": Iota("T") - 1})] if "T" in s.right.axes else []
        for wrong in (-s.right, 2 * s.right, s.right + 1, *later):
            with pytest.raises(NotProved):
                certify(s.name, s.left, wrong, s.rule, canon)


def test_a_step_that_is_computed_otherwise_is_not_called_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(program: Program) -> Program:
        lets = tuple(Let(let.name, let.body * 2) if let.name == "total" else let for let in stable(program).lets)
        return replace(program, lets=lets)

    from derive import pipeline

    monkeypatch.setattr(pipeline, "stable", twice)
    with pytest.raises(NotProved):
        pipeline.stability.__wrapped__(leaky_sum.program)


def test_no_position_at_all() -> None:
    functions = generated(leaky_sum)
    assert functions["leaky_sum"](np.zeros((3, 0)), np.zeros(3)).shape == (3, 0)
    dx, dstart = functions["leaky_sum_vjp"](np.zeros((3, 0)), np.zeros((3, 0)), np.zeros(3))
    assert dx.shape == (3, 0) and (dstart == 0).all()


def test_a_log_space_recurrence_does_not_overflow() -> None:
    paths, functions = find("log_partition"), generated(find("log_partition"))
    x = {"score": 1000 * R.normal(size=(5, 3)), "transition": 1000 * R.normal(size=(3, 3)), "first": R.normal(size=3)}
    exact = oracle.gradient(paths.program, x, {"y": np.array(1.0)})
    assert np.isfinite(functions["log_partition"](*x.values()))
    np.testing.assert_allclose(functions["log_partition_vjp"](1.0, *x.values())[0], exact["score"].value, rtol=1e-9, atol=1e-300)


def test_nor_where_a_mask_stands_in_its_steps() -> None:
    padding = np.array([[0, 0], [0, 1], [1, 1], [0, 0]], float)
    x = {"score": 1000 * R.normal(size=(4, 2, 3)), "step": 1000 * R.normal(size=(3, 3)), "first": R.normal(size=3), "padding": padding}
    exact = oracle.gradient(masked_chain.program, x, {"y": np.ones(2)})
    for ours, (name, theirs) in zip(generated(masked_chain)["masked_chain_vjp"](np.ones(2), *x.values()), exact.items(), strict=True):
        np.testing.assert_allclose(ours, theirs.value, rtol=1e-9, atol=1e-300, err_msg=name)


def test_used_inside_another_definition() -> None:
    @op
    def energy(x: Real["N T C"]):
        """The energy of what is left of each channel, along T."""
        m = find("exponential_average")(x, over="T")
        return sum(m**2)

    assert [let.name for let in energy.program.lets] == ["m_before", "m", "y"]
    assert readings(energy).tier == "A"


# fmt: off
@pytest.mark.parametrize(("step", "start", "words"), [
    (lambda h, x: h.at(T=idx("T") - 1) + x,   0,             "looks along T, where a step knows the state just before it alone"),
    (lambda h, x: sum(h, "T") + x,            0,             "looks along T"),
    (lambda h, x: x,                          0,             "does not use the state before it"),
    (lambda h, x: x,                          0,             'write x.at(T=idx("T") - 1), and no state'),
    (lambda h, x: 2 * x,                      0,             'write e.at(T=idx("T") - 1) with e = 2*x, and no state'),
    (lambda h, x: (h, x),                     0,             "starts with 1 state and the step gives 2"),
    (lambda h, x: h.at(S=0) + x,              0,             "a state has the axes of its start"),
    (lambda h, x: h + x,                      "x",           "the start x has axis T"),
])  # fmt: skip
def test_what_is_no_recurrence_is_refused(step: object, start: object, words: str) -> None:
    def wrong(x: Real["N T"]):
        """Wrong."""
        return scan(lambda h: step(h, x), start=x if start == "x" else start, over="T")

    with pytest.raises(DefinitionError, match=re.escape(words)):
        op(wrong)


def test_two_ways_at_once_are_refused() -> None:
    def wrong(x: Real["N T"]):
        """Wrong."""
        return scan(lambda h: scan(lambda k: k + h + x, start=0, over="N"), start=0, over="T")

    with pytest.raises(DefinitionError, match="a recurrence that runs along N-1, T-1 at once"):
        op(wrong)


def test_lets_are_scheduled_with_those_of_a_recurrence_together() -> None:
    (loop, value) = schedule(two_states.program.lets)
    assert {let.name for let in loop.lets} == {"place_before", "speed_before", "place", "speed"} and value.name == "y"


def averaged(x: np.ndarray, decay: float = 0.9) -> np.ndarray:
    out, m = np.zeros_like(x), np.zeros(x.shape[:-1])
    for t in range(x.shape[-1]):
        m = decay * m + (1 - decay) * x[..., t]
        out[..., t] = m
    return out


def averaged_back(g: np.ndarray, x: np.ndarray, decay: float = 0.9) -> np.ndarray:
    return averaged(g[..., ::-1], decay)[..., ::-1]


def from_the_first(x: np.ndarray, decay: float = 0.9) -> np.ndarray:
    return averaged(x, decay) + x[..., :1] * decay ** (np.arange(x.shape[-1]) + 1)


def not_back(g: np.ndarray, x: np.ndarray, decay: float = 0.9) -> np.ndarray:
    return (1 - decay) * g


def test_the_checker_tells_right_from_wrong() -> None:
    average = find("exponential_average")
    assert derive.check(averaged, average, backward=averaged_back, budget=0.3).agrees
    assert "wrong: from_the_first" in str(derive.check(from_the_first, average, budget=0.3))
    report = str(derive.check(averaged, average, backward=not_back, budget=0.3))
    assert "gradient" in report and "nothing is carried along T" in report


def test_ctc_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    functions = generated(find("ctc"))
    for frames, samples, classes, length in ((6, 3, 4, 2), (100, 3, 20, 40)):
        logits, label = 3 * R.normal(size=(frames, samples, classes)), R.integers(1, classes, size=(samples, length))
        label[0] = label[0, 0]
        z = torch.tensor(logits, requires_grad=True)
        lengths = torch.full((samples,), frames), torch.full((samples,), length)
        loss = torch.nn.functional.ctc_loss(torch.log_softmax(z, -1), torch.tensor(label), *lengths)
        loss.backward()
        theirs, ours = z.grad.numpy(), functions["ctc_vjp"](1.0, logits, label)
        assert abs(functions["ctc"](logits, label) - loss.item()) <= 1e-12 * loss.item()
        assert np.linalg.norm(ours - theirs) <= 1e-12 * np.linalg.norm(theirs)


def test_padded_ctc_is_that_of_torch_for_each_length() -> None:
    torch = pytest.importorskip("torch")
    functions = generated(find("ctc_padded"))
    frames, longest = torch.tensor([9, 7, 5, 9]), torch.tensor([3, 2, 3, 0])
    logits, label = 3 * R.normal(size=(9, 4, 5)), R.integers(1, 5, size=(4, 3))
    paddings = (np.arange(9)[:, None] >= frames.numpy()) * 1.0, (np.arange(3) >= longest.numpy()[:, None]) * 1.0
    z = torch.tensor(logits, requires_grad=True)
    loss = torch.nn.functional.ctc_loss(torch.log_softmax(z, -1), torch.tensor(label), frames, longest, reduction="none")
    loss.sum().backward()
    ours = functions["ctc_padded_vjp"](np.ones(4), logits, paddings[0], label, paddings[1])[0]
    np.testing.assert_allclose(functions["ctc_padded"](logits, paddings[0], label, paddings[1]), loss.detach().numpy(), rtol=1e-12)
    assert np.linalg.norm(ours - z.grad.numpy()) <= 1e-12 * np.linalg.norm(ours)


def test_networks_over_a_sequence_are_those_of_torch() -> None:
    torch = pytest.importorskip("torch")
    x, h, c = R.normal(size=(3, 5, 2)), R.normal(size=(3, 4)), R.normal(size=(3, 4))
    for name, kind, gates in (("rnn", torch.nn.RNN, 1), ("lstm", torch.nn.LSTM, 4)):
        w, u, b = R.normal(size=(4 * gates, 2)), R.normal(size=(4 * gates, 4)), R.normal(size=4 * gates)
        net = kind(2, 4, batch_first=True).double()
        for p, value in zip(net.parameters(), (w, u, b, np.zeros_like(b)), strict=True):
            p.data = torch.tensor(value)
        states = [torch.tensor(h)[None], torch.tensor(c)[None]]
        given = torch.tensor(x, requires_grad=True)
        out, _ = net(given, states[0] if gates == 1 else tuple(states))
        g = R.normal(size=out.shape)
        out.backward(torch.tensor(g))
        shaped = [a.reshape(gates, 4, *a.shape[1:]) if gates > 1 else a for a in (w, u, b)]
        arrays_ = (x, h, *shaped) if gates == 1 else (x, h, c, *shaped)
        seeds = (g,) if gates == 1 else (g, np.zeros_like(g))
        ours = each(generated(find(name))[f"{name}_vjp"](*seeds, *arrays_))[0]
        np.testing.assert_allclose(each(generated(find(name))[name](*arrays_))[0], out.detach().numpy(), rtol=1e-12, atol=1e-14)
        assert np.linalg.norm(ours - given.grad.numpy()) <= 1e-12 * np.linalg.norm(ours)
