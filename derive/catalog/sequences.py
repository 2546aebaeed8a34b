"""Recurrences along an axis: averages that forget, recurrent networks over a sequence, sums over all paths."""
# mypy: ignore-errors

from derive.catalog.activations import sigmoid, tanh
from derive.language import (
    Fraction01,
    Index,
    Natural,
    Range,
    Real,
    Scalar,
    assume,
    equal,
    idx,
    logsumexp,
    mean,
    new,
    op,
    scan,
    scan_back,
    size,
    sum,
    where,
)


@op(source="Brown 1956, Exponential smoothing for predicting demand")
def exponential_average(x: Real["... T"], *, decay: Fraction01 = 0.9):
    """An average of everything so far, in which what is older counts less."""
    m = scan(lambda m: decay * m + (1 - decay) * x, start=0, over="T")
    return m


@op(source="Elman 1990, Finding structure in time")
def rnn(x: Real["N T I"], h0: Real["N H"], w: Real["H I"], u: Real["H H'"], b: Real["H"]):
    """The states of a recurrent network with hyperbolic tangents, over a sequence."""

    def step(h):
        z = sum(x * w, "I") + sum(h.at(H=idx("H'")) * u, "H'") + b
        return tanh(z)

    h = scan(step, start=h0, over="T")
    return h


@op(source="Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000; gates i, f, g, o as PyTorch orders them")
def lstm(x: Real["N T I"], h0: Real["N H"], c0: Real["N H"], w: Real["G=4 H I"], u: Real["G=4 H H'"], b: Real["G=4 H"]):
    """The outputs and memories of a long short-term memory, over a sequence."""

    def step(h, c):
        z = sum(x * w, "I") + sum(h.at(H=idx("H'")) * u, "H'") + b
        i, f, o = sigmoid(z.at(G=0)), sigmoid(z.at(G=1)), sigmoid(z.at(G=3))
        candidate = tanh(z.at(G=2))
        memory = f * c + i * candidate
        return o * tanh(memory), memory

    h, c = scan(step, start=(h0, c0), over="T")
    return h, c


@op(source="Gu, Goel & Re 2022, arXiv:2111.00396, eq. 3; the transition is diagonal")
def state_space(u: Real["N T"], a: Real["S"], b: Real["S"], c: Real["S"]):
    """What a linear system with a diagonal transition makes of a sequence."""
    x = scan(lambda x: a * x + b * u, start=0, over="T")
    return sum(c * x, "S")


@op(source="Schulman et al. 2016, arXiv:1506.02438, eq. 16")
def advantage(reward: Real["... T"], value: Real["... T"], *, discount: Range(0, 1) = 0.99, trace: Range(0, 1) = 0.95):
    """How much better than expected each action was; after the last position, the value is 0."""
    delta = reward + discount * value.at(T=idx("T") + 1) - value
    a = scan_back(lambda a: delta + discount * trace * a, start=0, over="T")
    return a


@op(source="Lafferty, McCallum & Pereira 2001; Rabiner 1989, eq. 18-21, in logarithms")
def log_partition(score: Real["T S"], transition: Real["S' S"], first: Real["S"]):
    """The logarithm of the sum over all paths of states of exp(scores): of a linear chain, or of a hidden Markov model."""

    def step(a):
        z = a.at(S=idx("S'")) + transition
        return score + logsumexp(z, "S'")

    a = scan(step, start=first, over="T")
    last = a.at(T=size("T") - 1)
    return logsumexp(last, "S")


def _with_blanks(label, blank):
    """The labels with a blank before, between and after them, along S."""
    s = new("S", size=2 * size("L") + 1)
    return where(equal(s % 2, 1), label.at(L=s // 2), blank)


def _gate(path, log_epsilon):
    """What it costs to move on by k positions: nothing, but a blank may be passed over between different labels alone."""
    s, k = idx("S"), new("K", size=3)
    repeated = where(equal(path, path.at(S=s - 2)), log_epsilon, 0)
    return where(s < k, log_epsilon, where(equal(k, 2), repeated, 0))


def _one_frame(seen, gate):
    def step(a):
        z = a.at(S=idx("S") - idx("K")) + gate
        return seen + logsumexp(z, "K")

    return step


@op(source="Graves et al. 2006, ICML, eq. 5-8, in logarithms; log_epsilon stands for the logarithm of 0, as in Optax")
def ctc_none(logits: Real["T N C"], label: Index["N L -> C but blank"], *, blank: Natural = 0, log_epsilon: Scalar = -1e5):
    """How improbable each labelling is, summed over all ways to stretch it, with blanks, over frames that are enough for any."""
    assume(size("T") >= 2 * size("L") - 1)
    logp = logits - logsumexp(logits, "C")
    path = _with_blanks(label, blank)
    gate = _gate(path, log_epsilon)
    seen = logp.at(C=path)
    a = scan(_one_frame(seen, gate), start=where(equal(idx("S"), 0), 0, log_epsilon), over="T")
    last = a.at(T=size("T") - 1)
    end = last.at(S=2 * size("L") - new("E", size=2))
    return -logsumexp(end, "E")


@op(source="Graves et al. 2006, ICML, eq. 5-8; paddings as in Optax's ctc_loss")
def ctc_padded(
    logits: Real["T N C"], frame_padding: Real["T N"], label: Index["N L -> C but blank"], label_padding: Real["N L"],
    *, blank: Natural = 0, log_epsilon: Scalar = -1e5):  # fmt: skip
    """ctc_none for samples of different lengths: frames and labels count where their padding is 0, and it is 1 behind them."""
    assume(size("T") >= 2 * size("L") - 1)
    path = _with_blanks(label, blank)
    seen = (logits - logsumexp(logits, "C")).at(C=path)
    move = _one_frame(seen, _gate(path, log_epsilon))
    a = scan(lambda a: where(frame_padding > 0, a, move(a)), start=where(equal(idx("S"), 0), 0, log_epsilon), over="T")
    beyond = 2 * sum(where(label_padding > 0, 0, 1), "L") - idx("S")
    end = where(equal(beyond * (beyond - 1), 0), a.at(T=size("T") - 1), log_epsilon)
    return -logsumexp(end, "S")


@op(source="Graves et al. 2006, ICML; averaged as in PyTorch")
def ctc(logits: Real["T N C"], label: Index["N L -> C but blank"], *, blank: Natural = 0, log_epsilon: Scalar = -1e5):
    """The mean over samples of ctc_none for each label of a sample."""
    return mean(ctc_none(logits, label, blank=blank, log_epsilon=log_epsilon) / size("L"), "N")


# fmt: off
SEQUENCES = (
    exponential_average, rnn, lstm, state_space, advantage, log_partition, ctc_none, ctc_padded, ctc,
)
# fmt: on
