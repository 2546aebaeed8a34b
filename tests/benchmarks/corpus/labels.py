"""What a mistake is called, and the words by which a diagnosis is recognised as naming it."""

# ruff: noqa: E501

from __future__ import annotations

import re

# fmt: off
LABELS = {
    # label            words that a right diagnosis holds (any of them)
    "factor":          r"factor|times (what|size|\(?1/)|size\(|mean (for|instead)|sum (for|instead)|reduction|(missing|left out|applied twice) ",
    "sign":            r"sign|negated|abs is missing|1 - \w+ instead|branch|swapped|exchanged|nan where",
    "constant":        r"constant|coefficient|a factor|number|is always|taken as 0",
    "parameter":       r"parameter|(factor|division by) .*missing|multiplied by \w+ instead|divided by \w+ instead|left out",
    "dropped term":    r"drop|missing|left out|only the term|held constant|ignored|identity|a constant is added|a factor|it is (the gradient of )?\w+, not|same as",
    "eps":             r"eps|1e-\d+|it is \w+, not",
    "ddof":            r"ddof|unbiased|biased|size\(\w+\) ?- ?1|size\(\w+\)/\(size",
    "axis":            r"axis|axes|over \w|it is \w+, not",
    "transposed":      r"transpos|permut|exchanged|swapped|axis|used instead of",
    "broadcast":       r"not summed|not reduced|shape|broadcast",
    "scatter":         r"repeat|accumulat|overwrit|duplicate|last write",
    "variant":         r"variant|convention|it is (the gradient of )?\w+, not|a factor|is missing",
    "clip":            r"clip|epsilon|eps|clamp|added inside",
    "cutoff":          r"cut ?off|threshold|saturat|clip|clamp|forced",
    "overflow":        r"overflow|computed as written|exp\(|without the shift",
    "cancellation":    r"cancel|computed as written",
    "approximation":   r"approximat|rational|polynomial|it is \w+, not",
    "bias correction": r"bias correction|1 - beta|beta\w* ?\*\*|correct",
    "off by one":      r"off by one|off-by-one|shift|t ?- ?1|t ?\+ ?1|one (step|position)|idx\(\w+\) [+-] 1",
    "decay":           r"decay|l2",
    "stale":           r"stale|old |previous|before the update|the input \w+ itself",
    "downcast":        r"float32|float16|downcast|precision|rounded to|digits",
    "dtype":           r"dtype|float32|float64|complex|bool|int64",
    "mutates":         r"mutat|modif|changed by|written|in[- ]place",
    "aliases":         r"alias|view|shares|same memory|the input itself|changed by",
    "state":           r"state|stale|between calls|earlier call|second call|buffer|cache",
    "random":          r"nondetermin|random|differ\w* (from|between)|not the same twice|each call",
    "layout":          r"contiguous|strid|layout|memory order|Fortran|read-only",
    "size":            r"block|only where the size|batch 1|larger than|beyond|from \d+ elements|last|tail|multiple of",
    "labels":          r"label|index|position|off by one|ignore",
    "kink":            r"kink|tie|subdiff|between the one-sided|at x = ",
    "identity":        r"identity|the input",
    "zeros":           r"zero|always|constant",
    "shape":           r"shape|returned",
    "mask":            r"mask|leak",
    "nan":             r"nan|overflow|inf",
    "raises":          r"rais|exception|Error|takes \(|wanted|exit|time|returned",
    "other":           r"",  # no edit is expected to fit; not counted in the share of right diagnoses
}
# fmt: on


def names(diagnosis: str, label: str) -> bool:
    """Whether a diagnosis names the mistake."""
    return bool(diagnosis) and re.search(LABELS[label], diagnosis, re.IGNORECASE) is not None


def counted(label: str) -> bool:
    """Whether a diagnosis is expected of such a mistake."""
    return label not in ("", "other")
