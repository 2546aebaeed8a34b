"""Claims about likelihoods, counts and cross-entropy."""
# mypy: ignore-errors

from derive.analysis.function import derived
from derive.catalog.activations import sigmoid, softmax
from derive.catalog.classification import add_k_smoothing
from derive.catalog.losses import bce_with_logits, cross_entropy, cross_entropy_probs
from derive.catalog.regression import gaussian_nll
from derive.claims.claim import Claim
from derive.claims.statements import at_most, below, counted, equal, fails, number, tends
from derive.language import (
    Index,
    NonNegative,
    Positive,
    Real,
    assume,
    exp,
    log,
    mean,
    onehot,
    op,
    size,
    sum,
)  # fmt: skip

d_cross_entropy = derived(cross_entropy)


@op
def bce_as_cross_entropy(a: Real["..."], b: Real["..."], t: Real["..."]):
    """Binary cross-entropy of the difference of two scores is the cross-entropy of their softmax."""
    p, q = (exp(s) / (exp(a) + exp(b)) for s in (a, b))
    return bce_with_logits(a - b, t), mean(-(t * log(p) + (1 - t) * log(q)))


@op
def likelihood_ratio(x: Real[""], *, p: Positive, u: Positive):
    """A likelihood that is 1 + u times as large has a negative logarithm that is less by log(1 + u)."""
    return -log(p * (1 + u)), -log(p) - log(1 + u)


@op
def likelihood_order(x: Real[""], *, u: Positive):
    """Which is above 0: the larger likelihood has the smaller negative logarithm."""
    return 0, log(1 + u)


@op
def nll_positive(z: Real[""]):
    """With finite scores the negative log-likelihood is above 0."""
    return 0, -log(sigmoid(z))


@op
def nll_limit(x: Real[""], *, z: Positive):
    """It tends to 0: the infimum, which no finite score attains."""
    return -log(sigmoid(z)), 0


@op
def soft_targets(logits: Real["N C"], target: Real["N C"]):
    """With soft targets, cross-entropy is their entropy plus a divergence."""
    assume(sum(target, "C"), equals=1)
    p = softmax(logits)
    entropy = mean(-sum(target * log(target), "C"), "N")
    return cross_entropy_probs(logits, target), entropy + mean(sum(target * log(target / p), "C"), "N")


@op
def gibbs(x: Real[""], *, u: Positive):
    """The divergence is at least 0, since log u <= u - 1 (for u = p/t, times t, summed over the classes)."""
    return log(u), u - 1


@op
def smoothing_limit(x: Real[""], *, a: NonNegative, b: NonNegative, k: Positive):
    """Adding more and more to each count pulls to uniform."""
    return (a + k) / (a + b + 2 * k), 1 / 2


@op
def penalty_that_agrees(a: Real[""], b: Real[""], c: Real[""], d: Real[""]):
    """There is one strength of an L2 penalty at which the optimal logits give the add-one probabilities, for all counts."""
    s, r = log((a + 1) / (b + 1)), log((c + 1) / (d + 1))
    return 2 * (a - (a + b) * sigmoid(s)) / s, 2 * (c - (c + d) * sigmoid(r)) / r


@op
def penalty_by_counts(x: Real[""], *, a: NonNegative, b: NonNegative):
    """It depends on the counts: with s = log((a + 1)/(b + 1)), the strength is 2(a - b)/((a + b + 2)s)."""
    p = (a + 1) / (a + b + 2)
    return 2 * (a - (a + b) * p), 2 * (a - b) / (a + b + 2)


@op
def penalty_limit(x: Real[""], *, b: NonNegative, d: Positive, s: Positive):
    """As the penalty grows, the difference s of the logits goes to 0, so L2 pulls to uniform, too: 1/strength tends to 0 with s."""
    a = b + d
    return s / (2 * (a - (a + b) * sigmoid(s))), 0


@op
def add_one_is_a_mean(count: Real["N C"]):
    """Add-one smoothing weighs the observed frequencies with the uniform distribution."""
    n, k = sum(count, "C"), size("C")
    return add_k_smoothing(count, k=1), (n * (count / n) + k * (1 / k)) / (n + k)


@op
def cross_entropy_slope(g: Real[""], logits: Real["N C"], label: Index["N -> C"]):
    """The gradient of cross-entropy is (p - y)/N, where y is 1 for the right class and 0 for others."""
    p = softmax(logits)
    return d_cross_entropy(g, logits, label), g * (p - onehot(label, "C")) / size("N")


@op
def cross_entropy_balance(g: Real[""], logits: Real["N C"], label: Index["N -> C"]):
    """The pushes on all classes add up to 0."""
    return sum(d_cross_entropy(g, logits, label), "C"), 0


@op
def probability_inside(x: Real[""], *, mine: Positive, others: Positive):
    """The right class is pulled up and the others are pushed down: probabilities lie between 0 and 1."""
    return 0, mine / (mine + others), 1


@op
def distributed(a: Real[""], k: Real[""]):
    """The counts for k characters of context, over an alphabet of a."""
    return a**k


@op
def distributed_all(a: Real[""], k: Real[""]):
    """Each of the a^k contexts has a counts, one for each next character: a^(k + 1)."""
    return a ** (k + 1)


@op
def contexts(a: Real[""], k: Real[""]):
    """There are a^k contexts."""
    return a**k


def count_pairs(a: int, k: int) -> int:
    """Contexts of k characters with one more character, listed."""
    return len(listed(a, k + 1))


def count_contexts(a: int, k: int) -> int:
    """Contexts of k characters, listed."""
    return len(listed(a, k))


def listed(a: int, k: int) -> list[tuple[int, ...]]:
    """All texts of k characters."""
    texts = [()]
    for _ in range(k):
        texts = [(*t, c) for t in texts for c in range(a)]
    return texts


ALPHABETS = [{"a": a, "k": k} for a in (2, 3, 27) for k in range(4 if a < 27 else 3)]


SHARP = {"pred": "0", "target": "0", "var": "0.01"}


CLAIMS = (
    Claim(13, "Binary cross-entropy is the two-class case of cross-entropy.", (equal(bce_as_cross_entropy),)),
    Claim(
        27,
        "Maximising likelihood equals minimising negative log-likelihood, whose minimum is 0.",
        (fails(below(nll_positive)),),
        instead=(below(nll_positive), tends(nll_limit, "z"), equal(soft_targets), at_most(gibbs)),
        also=(
            equal(likelihood_ratio),
            below(likelihood_order),
            number(gaussian_nll, "-2.3026", SHARP),
        ),
    ),
    Claim(
        28,
        "Add-one smoothing acts like L2 on logits in a count model.",
        (equal(penalty_that_agrees),),
        instead=(equal(penalty_by_counts), tends(smoothing_limit, "k"), tends(penalty_limit, "s", "0"), equal(add_one_is_a_mean)),
    ),
    Claim(
        35,
        "Counts for k characters of context grow as 27^k.",
        (counted(distributed, count_pairs, ALPHABETS),),
        instead=(counted(distributed_all, count_pairs, ALPHABETS), counted(contexts, count_contexts, ALPHABETS)),
    ),
    Claim(
        37,
        "Cross-entropy pulls the right class up and the others down in proportion to the error.",
        (equal(cross_entropy_slope), equal(cross_entropy_balance), below(probability_inside)),
    ),
)
