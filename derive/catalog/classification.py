"""Losses of predicted classes: binary, one of several, several at once, and distributions."""
# mypy: ignore-errors

from derive.catalog.activations import log_softmax, sigmoid, softmax
from derive.catalog.losses import cross_entropy
from derive.catalog.piecewise import sparse_plus, sparsemax
from derive.language import (
    Between,
    Index,
    Integer,
    NonNegative,
    OneOf,
    Positive,
    Range,
    Real,
    assume,
    equal,
    exp,
    idx,
    log,
    max,
    maximum,
    mean,
    not_equal,
    op,
    size,
    sum,
    where,
)  # fmt: skip


@op(source="Bishop 2006, Pattern Recognition and Machine Learning, eq. 4.90")
def bce(pred: Real["...", Between(0, 1)], target: Real["...", Range(0, 1)]):
    """Mean cross-entropy of yes-or-no targets, from probabilities; nothing is clamped."""
    return -mean(target * log(pred) + (1 - target) * log(1 - pred))


@op(source="torch.nn.BCEWithLogitsLoss")
def bce_with_logits_weighted(logits: Real["... C"], target: Real["... C", Range(0, 1)], pos_weight: Real["C", NonNegative]):
    """Mean cross-entropy of yes-or-no targets, from the logarithm of the odds, with a weight for each yes."""
    p = sigmoid(logits)
    return -mean(pos_weight * target * log(p) + (1 - target) * log(1 - p))


@op(source="Szegedy, Vanhoucke, Ioffe, Shlens & Wojna 2016, arXiv:1512.00567, section 7")
def cross_entropy_smoothed(logits: Real["N C"], label: Index["N -> C"], *, smoothing: Range(0, 1) = 0.1):
    """Mean cross-entropy of integer labels, part of which is spread evenly over all classes."""
    logp = log_softmax(logits)
    return -mean((1 - smoothing) * logp.at(C=label) + smoothing * mean(logp, "C"), "N")


@op(source="torch.nn.CrossEntropyLoss")
def cross_entropy_weighted(logits: Real["N C"], label: Index["N -> C"], weight: Real["C"]):
    """Negative log-likelihood of integer labels, from scores, averaged with a weight for each class."""
    logp = log_softmax(logits)
    w = weight.at(C=label)
    return -sum(w * logp.at(C=label), "N") / sum(w, "N")


@op(source="torch.nn.CrossEntropyLoss")
def cross_entropy_ignore(logits: Real["N C"], label: Index["N -> C or ignore_index"], *, ignore_index: Integer = -100):
    """Mean negative log-likelihood of integer labels, from scores; samples with the label to ignore do not count."""
    logp = log_softmax(logits)
    kept = where(not_equal(label, ignore_index), 1, 0)
    return -sum(logp.at(C=label), "N") / sum(kept, "N")


@op(source="Chen & Goodman 1999, An empirical study of smoothing techniques for language modeling, section 2.1")
def add_k_smoothing(count: Real["... C", NonNegative], *, k: NonNegative = 1):
    """Probabilities from counts, with k added to each."""
    return (count + k) / sum(count + k, "C")


@op(source="Cao, Qin, Liu, Tsai & Li 2007, Learning to rank, eq. 5 and 6, for the top one; optax.ranking_softmax_loss")
def ranking_softmax(score: Real["N C"], relevance: Real["N C"]):
    """Mean cross-entropy of a ranking: relevances against the softmax of scores."""
    logp = log_softmax(score)
    return -mean(sum(relevance * logp, "C"), "N")


@op(source="Leng et al. 2022, arXiv:2204.12511, eq. 6")
def poly_loss(logits: Real["N C"], target: Real["N C"], *, eps: NonNegative = 2):
    """Mean cross-entropy whose first term, one minus the probability of the target, weighs more."""
    assume(sum(target, "C"), equals=1)
    p = softmax(logits)
    return mean(eps * (1 - sum(target * p, "C")) - sum(target * log(p), "C"), "N")


@op(source="Lin, Goyal, Girshick, He & Dollar 2017, arXiv:1708.02002, eq. 5")
def focal(logits: Real["..."], target: Real["...", Range(0, 1)], *, alpha: Range(0, 1) = 0.25, gamma: NonNegative = 2):
    """Mean cross-entropy of yes-or-no targets, in which what is already right counts little."""
    p = sigmoid(logits)
    ce = -(target * log(p) + (1 - target) * log(1 - p))
    wrong = target * (1 - p) + (1 - target) * p
    weight = alpha * target + (1 - alpha) * (1 - target)
    return mean(weight * wrong**gamma * ce)


@op(source="Kullback & Leibler 1951; summed over classes, averaged over samples")
def kl_div(logp: Real["N C"], target: Real["N C", Range(0, 1)]):
    """Mean divergence of predicted log-probabilities from probability targets; a target of 0 costs nothing."""
    return mean(sum(where(target > 0, target * (log(target) - logp), 0), "C"), "N")


@op(source="optax.kl_divergence_with_log_targets; Kullback & Leibler 1951")
def kl_div_log_target(logp: Real["N C"], log_target: Real["N C"]):
    """Mean divergence of predicted log-probabilities from targets that are log-probabilities too."""
    return mean(sum(exp(log_target) * (log_target - logp), "C"), "N")


@op(source="Cortes & Vapnik 1995, Support-vector networks")
def hinge(pred: Real["..."], target: Real["...", OneOf(-1, 1)]):
    """What a score lacks of a margin of one, on average, for targets -1 and 1; the derivative at the margin is 0."""
    lack = 1 - target * pred
    return mean(where(lack > 0, lack, 0))


@op(source="Lee & Mangasarian 2001, SSVM: a smooth support vector machine, eq. 3")
def squared_hinge(pred: Real["..."], target: Real["...", OneOf(-1, 1)]):
    """The square of what a score lacks of a margin of one, on average, for targets -1 and 1."""
    lack = 1 - target * pred
    return mean(where(lack > 0, lack**2, 0))


@op(source="Rosenblatt 1958; optax.perceptron_loss")
def perceptron(pred: Real["..."], target: Real["...", OneOf(-1, 1)]):
    """How far a score lies on the wrong side, on average, for targets -1 and 1."""
    return mean(where(target * pred < 0, -target * pred, 0))


@op(source="Hastie, Tibshirani & Friedman 2009, Elements of Statistical Learning, eq. 10.18")
def soft_margin(pred: Real["..."], target: Real["...", OneOf(-1, 1)]):
    """Mean logistic loss of scores, for targets -1 and 1."""
    return mean(log(1 + exp(-target * pred)))


@op(source="Weston & Watkins 1999, as torch.nn.MultiMarginLoss has it")
def multi_margin(score: Real["N C"], label: Index["N -> C"], *, margin: Positive = 1):
    """What the right class lacks of a margin over each other class, averaged over all classes and samples."""
    lack = margin - score.at(C=label) + score
    wrong = where(equal(idx("C"), label), 0, 1)
    return mean(wrong * where(lack > 0, lack, 0))


@op(source="Collins 2002; optax.multiclass_perceptron_loss")
def multiclass_perceptron(score: Real["N C"], label: Index["N -> C"]):
    """How far the best class lies above the right one, on average."""
    return mean(max(score, "C") - score.at(C=label), "N")


@op(source="torch.nn.MultiLabelSoftMarginLoss")
def multilabel_soft_margin(logits: Real["N C"], target: Real["N C", Range(0, 1)]):
    """Mean cross-entropy of several yes-or-no targets at once, from the logarithms of their odds."""
    p = sigmoid(logits)
    return -mean(mean(target * log(p) + (1 - target) * log(1 - p), "C"), "N")


@op(source="Lin 1991, Divergence measures based on the Shannon entropy, eq. 4.1")
def js_div(p: Real["N C", Between(0, 1)], q: Real["N C", Between(0, 1)]):
    """Mean of the divergences of two distributions from their middle."""
    m = (p + q) / 2
    return mean(sum(p * log(p / m) + q * log(q / m), "C"), "N") / 2


@op(source="Crammer & Singer 2001, On the algorithmic implementation of multiclass kernel-based vector machines")
def multiclass_hinge(score: Real["N C"], label: Index["N -> C"]):
    """How far the best wrong class comes within one of the right one, on average."""
    lifted = score + where(equal(idx("C"), label), 0, 1)
    return mean(max(lifted, "C") - score.at(C=label), "N")


@op(source="Szegedy, Vanhoucke, Ioffe, Shlens & Wojna 2016, arXiv:1512.00567, section 7")
def label_smoothing(target: Real["... C", Range(0, 1)], *, smoothing: Range(0, 1) = 0.1):
    """Probability targets, part of which is spread evenly over all classes."""
    return (1 - smoothing) * target + smoothing / size("C")


@op(source="torch.nn.BCELoss: each logarithm is at least -100")
def bce_clamped(pred: Real["...", Between(0, 1)], target: Real["...", Range(0, 1)]):
    """Mean cross-entropy of yes-or-no targets, from probabilities whose logarithms are cut off at -100."""
    yes, no = maximum(log(pred), -100), maximum(log(1 - pred), -100)
    return -mean(target * yes + (1 - target) * no)


@op(source="Boyd & Vandenberghe 2004, Convex Optimization, section 3.2.6; optax.generalized_kl_divergence")
def generalized_kl(logp: Real["N C"], target: Real["N C", NonNegative]):
    """Mean divergence of positive numbers, which need not sum to one, from their logarithms."""
    return mean(sum(where(target > 0, target * (log(target) - logp), 0) - target + exp(logp), "C"), "N")


@op(source="Blondel, Martins & Niculae 2020, Learning with Fenchel-Young losses; optax.sparsemax_loss")
def sparsemax_loss(logits: Real["..."], target: Real["...", Range(0, 1)]):
    """Mean loss of yes-or-no targets that is zero where the margin is at least 1."""
    margin = (2 * target - 1) * logits
    return mean(sparse_plus(-margin))


@op(source="Martins & Astudillo 2016, arXiv:1602.02068, eq. 16; optax.multiclass_sparsemax_loss")
def multiclass_sparsemax(z: Real["N C"], label: Index["N -> C"]):
    """Mean loss of integer labels, for probabilities by sparsemax."""
    p = sparsemax(z)
    return mean(sum(p * (z - z.at(C=label)), "C") + (1 - sum(p**2, "C")) / 2, "N")


@op(source="torch.nn.MultiLabelMarginLoss, with its labels as zeros and ones")
def multilabel_margin(score: Real["N C"], target: Real["N C", OneOf(0, 1)]):
    """Mean hinge of every right class against every wrong one."""
    other, wrong = score.at(C=idx("C'")), 1 - target.at(C=idx("C'"))
    gap = 1 - score + other
    return mean(sum(target * wrong * where(gap > 0, gap, 0), "C C'"), "N") / size("C")


@op(source="torch.nn.functional.linear_cross_entropy")
def linear_cross_entropy(x: Real["N D"], w: Real["C D"], label: Index["N -> C"]):
    """Mean negative log-likelihood of integer labels, from features and the weights of each class."""
    return cross_entropy(sum(x * w, "D"), label)


# fmt: off
CLASSIFICATION = (
    bce, bce_with_logits_weighted, cross_entropy_smoothed, cross_entropy_weighted, cross_entropy_ignore, add_k_smoothing, poly_loss, focal,
    ranking_softmax, kl_div, kl_div_log_target, js_div, hinge, squared_hinge, perceptron, soft_margin, multi_margin, multiclass_hinge,
    multiclass_perceptron, multilabel_soft_margin, label_smoothing, bce_clamped, generalized_kl, sparsemax_loss, multiclass_sparsemax,
    multilabel_margin, linear_cross_entropy,
)
# fmt: on
