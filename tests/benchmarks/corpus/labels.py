"""What a mistake is called, and the words by which a diagnosis is recognised as naming it."""

# ruff: noqa: E501

from __future__ import annotations

import re

# fmt: off
LABELS = {
    # label            words that a right diagnosis holds (any of them)
    "factor":          r"factor|times \d|\btimes (1/)?(size|N\b)|size\(|instead of the mean|sum (for|instead)|mean (for|instead)|scaled|doubled|halved|reduction",
    "sign":            r"sign|negated|minus|sides? swapped|branch|swapped",
    "constant":        r"constant|coefficient|factor|number|default|times",
    "parameter":       r"parameter|ignore|default|left out|dropped|without (alpha|beta|slope|temperature|eps|delta|scale)|stays at",
    "dropped term":    r"drop|missing|without|left out|omit|no longer|lacks",
    "eps":             r"eps",
    "ddof":            r"ddof|unbiased|N ?- ?1|size\(\w+\) ?- ?1|biased",
    "axis":            r"axis|axes|along|over \w",
    "transposed":      r"transpos|permut|swapped|axes",
    "broadcast":       r"broadcast|not summed|not reduced|shape",
    "scatter":         r"repeat|accumulat|last (one|write)|overwrit|duplicate",
    "variant":         r"variant|another|is (the )?\w+ (rather|instead)|family|agrees with|matches|sibling|\bis \w+, not\b",
    "clip":            r"clip|epsilon|eps|clamp|added inside|floor",
    "cutoff":          r"cut ?off|threshold|beyond|saturat|zero (for|where|beyond|below|above)|clip|clamp|forced|below|above",
    "overflow":        r"overflow|exp\(|inf",
    "cancellation":    r"cancel",
    "approximation":   r"approximat|rational|polynomial|variant|accura",
    "bias correction": r"bias|correct|1 - beta|beta\w* ?\*\*|step|t ?- ?1|t ?\+ ?1",
    "off by one":      r"off by one|off-by-one|shift|t ?- ?1|t ?\+ ?1|one (step|position|label)|previous|next|step",
    "decay":           r"decay",
    "stale":           r"stale|old|previous|updated|before|after|state",
    "downcast":        r"float32|float16|downcast|precision|half|single|cast|rounded to",
    "dtype":           r"dtype|float32|float64|float16|bool|int64|integer",
    "mutates":         r"mutat|modif|changed|written|in[- ]place|overwr",
    "aliases":         r"alias|view|shares|same memory|the input itself",
    "state":           r"state|between calls|second call|repeated|earlier call|remember|cache",
    "random":          r"nondetermin|random|differ.*(call|run)|repeat",
    "layout":          r"contiguous|strid|layout|order|Fortran|read-only|transposed",
    "size":            r"size|larger|beyond|length|long|from \d+|block|batch|\b128\b|\b32\b|\b1\b",
    "labels":          r"label|index|position|shift|class|ignore",
    "kink":            r"kink|tie|convention|derivative at|subdiff|between",
    "identity":        r"identity|the input",
    "zeros":           r"zero|constant|nothing",
    "shape":           r"shape",
    "nan":             r"nan|overflow|inf",
    "raises":          r"rais|exception|Error",
    "other":           r"",  # no edit is expected to fit; not counted in the share of right diagnoses
}
# fmt: on


def names(diagnosis: str, label: str) -> bool:
    """Whether a diagnosis names the mistake."""
    return bool(diagnosis) and re.search(LABELS[label], diagnosis, re.IGNORECASE) is not None


def counted(label: str) -> bool:
    """Whether a diagnosis is expected of such a mistake."""
    return label not in ("", "other")
