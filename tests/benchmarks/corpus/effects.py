"""What goes wrong around a correct formula: memory, dtypes, shapes, state. Each mishap is put round several correct functions."""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import replace

from corpus import activations, layers, norms, softmax
from corpus.entry import AGREES, DTYPE, EFFECT, LAYOUT, MISBEHAVES, REFUSED, SINGLE, WIDE, WRONG, Entry, forward

BASES = (
    activations.SIGMOID,
    activations.SOFTPLUS_D,
    softmax.SOFTMAX,
    softmax.SOFTMAX_D,
    norms.LN,
    norms.RMS,
    layers.LINEAR,
)


def around(base: Entry, name: str, category: str, label: str, body: str, dtypes: tuple[str, ...] = ()) -> Entry:
    """A function that calls the base: `body` may say CALL for the call, X for its first array."""
    line = next(line for line in base.source.splitlines() if line.startswith(f"def {base.function}("))
    signature = line.removeprefix(f"def {base.function}(").removesuffix("):")
    arguments = [part.split("=")[0].strip() for part in signature.split(",")]
    first = next(a for a in arguments if a != "g")
    head, _, rest = body.rpartition("def\n")
    lines = rest.replace("CALL", f"{base.function}({', '.join(arguments)})").replace("X", first)
    indented = "\n".join("    " + text for text in lines.strip().splitlines())
    source = f"{head}{base.source}\n\ndef outer({signature}):\n{indented}\n"
    verdicts = (WRONG,) if category else (AGREES,)
    return replace(
        base, name=name, source=source, category=category, label=label, verdicts=verdicts, dtypes=dtypes or (base.dtypes if not category else base.dtypes[-1:])
    )


# fmt: off
MISHAPS = (
    ("writes into a buffer that it reuses",  EFFECT, "state",    "buffers = {}\ndef\ny = CALL\nout = buffers.setdefault(y.shape, np.empty_like(y))\nout[...] = y\nreturn out", ()),
    ("remembers the result for a shape",     EFFECT, "state",    "seen = {}\ndef\nif X.shape not in seen:\n    seen[X.shape] = CALL\nreturn seen[X.shape]",                     ()),
    ("uses the input as scratch space",      EFFECT, "mutates",  "def\ny = CALL\nX *= 0.5\nreturn y",                                                                          ()),
    ("adds a little noise",                  EFFECT, "random",   "def\nreturn CALL * (1 + 1e-6 * np.random.standard_normal())",                                                ()),
    ("input cut to single precision",        DTYPE,  "downcast", "def\ndtype = X.dtype\nX = X.astype(np.float32)\nreturn CALL.astype(dtype)",                                  ()),
    ("result in single precision",           DTYPE,  "dtype",    "def\nreturn CALL.astype(np.float32)",                                                                        ()),
    ("single comes back as double",          DTYPE,  "dtype",    "def\nreturn CALL.astype(np.float64)",                                                                        SINGLE),
    ("result rounded to half",               DTYPE,  "downcast", "def\nreturn CALL.astype(np.float16).astype(X.dtype)",                                                        SINGLE),
    ("elements in memory order",             LAYOUT, "layout",   "def\nX = X.ravel(order='K').reshape(X.shape)\nreturn CALL",                                                  ()),
    ("puts back what it writes into X",      LAYOUT, "layout",   "def\nold = X.copy()\nX += 1\nX[...] = old\nreturn CALL",                                                      ()),
    ("complex numbers",                      DTYPE,  "dtype",    "def\nreturn CALL.astype(complex)",                                                                           ()),
    ("a list",                               DTYPE,  "shape",    "def\nreturn CALL.tolist()",                                                                                  ()),
    ("raises unless C-contiguous",           LAYOUT, "layout",   "def\nif not X.flags.c_contiguous:\n    raise ValueError('array must be contiguous')\nreturn CALL",            ()),
    ("last partial block of 32 left zero",   LAYOUT, "size",     "def\ny = np.array(CALL)\nflat = y.reshape(-1)\nif y.size > 32:\n    flat[y.size // 32 * 32:] = 0\nreturn y",    ()),
    ("axes of length one squeezed out",      LAYOUT, "shape",    "def\nreturn CALL.squeeze()",                                                                                 ()),
    ("digits cut to six",                    DTYPE,  "downcast", "def\nreturn np.round(CALL, 6)",                                                                              ()),
)
HARMLESS = (
    ("through a copy in Fortran order",      "def\nX = np.asfortranarray(X)\nreturn CALL"),
    ("through lists",                        "def\nX = np.array(X.tolist(), dtype=X.dtype).reshape(X.shape)\nreturn CALL"),
    ("prints a lot",                         "def\nprint('step ' * 2000)\nreturn CALL"),
)
# fmt: on

HOSTILE = forward("silu", "x expit x", """
def silu(x):
    return x * special.expit(x)
""", "scipy", WIDE)
BODY = "    return x * special.expit(x)\n"


def hostile(name: str, label: str, body: str) -> Entry:
    """A candidate that does not play by the rules."""
    changed = HOSTILE.wrong(name, MISBEHAVES, label, (BODY, "".join(f"    {line}\n" for line in body.splitlines())))
    return replace(changed, verdicts=(WRONG, REFUSED))


# fmt: off
HOSTILES = (
    hostile("always raises",                    "raises", "raise NotImplementedError('to do')"),
    hostile("raises for large input",           "raises", "if (np.abs(x) > 50).any():\n    raise OverflowError('too large')\nreturn x * special.expit(x)"),
    hostile("raises for empty and single",      "raises", "if x.size < 2:\n    raise ValueError('too few')\nreturn x * special.expit(x)"),
    hostile("returns nothing",                  "shape",  "y = x * special.expit(x)"),
    hostile("returns a string",                 "shape",  "return 'done'"),
    hostile("returns a list of lists",          "shape",  "return [x * special.expit(x), None]"),
    hostile("all nan",                          "nan",    "return np.full_like(x, np.nan)"),
    hostile("all zero",                         "zeros",  "return np.zeros_like(x)"),
    hostile("one constant",                     "zeros",  "return np.full_like(x, 0.5)"),
    hostile("the input",                        "identity", "return x.copy()"),
    hostile("leaves the process",               "raises", "import os\nos._exit(0)"),
    hostile("calls sys.exit",                   "raises", "import sys\nsys.exit(0)"),
    hostile("never returns",                    "raises", "while True:\n    x = x + 0"),
    hostile("a generator",                      "shape",  "yield x"),
    hostile("one number for an array",          "shape",  "return float(np.sum(x))"),
    hostile("uninitialised memory",             "random", "return np.empty_like(x)"),
    hostile("complex numbers",                  "dtype",  "return (x * special.expit(x)).astype(complex)"),
    hostile("a row added",                      "shape",  "return (x * special.expit(x))[None]"),
)
# fmt: on

SHUFFLED = forward("mae", "summed in a random order", """
def mae(pred, target):
    r = np.abs(pred - target).ravel()
    return np.sum(r[np.random.permutation(r.size)]) / r.size
""", dtypes=WIDE)

ENTRIES = (
    *(around(base, name, category, label, body, dtypes) for base in BASES for name, category, label, body, dtypes in MISHAPS),
    *(around(base, name, "", "", body) for base in BASES[2:5] for name, body in HARMLESS),
    *HOSTILES,
    SHUFFLED,
)
