"""One implementation of the corpus: its source, what it claims to be, and what a checker should say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import dedent

PLAIN = "plain"
NUMERIC = "tail/overflow/cancellation"
CONVENTION = "convention"
LAYOUT = "layout"
EFFECT = "side effect"
DTYPE = "dtype"
MISBEHAVES = "misbehaves"
CLASSES = (PLAIN, NUMERIC, CONVENTION, LAYOUT, EFFECT, DTYPE, MISBEHAVES)

ALL = ("float16", "float32", "float64")
WIDE = ("float32", "float64")
DOUBLE = ("float64",)
SINGLE = ("float32",)

AGREES, ANOTHER, INACCURATE, WRONG, REFUSED = "agrees", "another", "inaccurate", "wrong", "refused"

PRELUDES = {
    "numpy": "import numpy as np\n",
    "scipy": "import numpy as np\nfrom scipy import special\n",
    "torch": "import torch\nimport torch.nn.functional as F\n",
    "jax": "import jax\nimport jax.numpy as jnp\n",
}


@dataclass(frozen=True)
class Entry:
    """An implementation as data. `verdicts` are those that a checker may give; `label` names the mistake (see labels.py).

    `kind` is "forward" or "backward"; `name` says what is done (correct code) or what is wrong, and is unique within an op and kind.
    """

    op: str
    kind: str
    name: str
    source: str
    framework: str = "numpy"
    dtypes: tuple[str, ...] = DOUBLE
    verdicts: tuple[str, ...] = (AGREES,)
    category: str = ""
    label: str = ""
    parameters: tuple[tuple[str, float], ...] = ()

    @property
    def id(self) -> str:
        """A name of its own: "softmax/backward/sum over the batch"."""
        return f"{self.op}/{self.kind}/{self.name}"

    @property
    def correct(self) -> bool:
        """Whether a failing verdict would be a false alarm."""
        return AGREES in self.verdicts

    def wants(self, verdict: str) -> bool:
        """Whether the verdict is one that a checker may give; a convention named is no alarm."""
        return verdict in self.verdicts or (self.correct and verdict == ANOTHER)

    @property
    def function(self) -> str:
        """The name of the function under test: the last thing that the source defines."""
        return re.findall(r"^(?:def (?=\w+\()|(?=\w+ = ))(\w+)", self.source, re.MULTILINE)[-1]

    @property
    def text(self) -> str:
        """The whole file."""
        return PRELUDES[self.framework] + self.source

    def wrong(self, name: str, category: str, label: str, *edits: tuple[str, str], dtypes: tuple[str, ...] = ()) -> Entry:
        """This code with a mistake: each edit replaces a piece of text that stands in it."""
        verdicts = (WRONG, ANOTHER) if label == "variant" else (WRONG,)
        return self._edited(name, category, label, edits, verdicts, dtypes or self.dtypes[-1:])

    def inaccurate(self, name: str, label: str, *edits: tuple[str, str], dtypes: tuple[str, ...] = SINGLE) -> Entry:
        """The same function over the reals, but losing digits somewhere."""
        return self._edited(name, NUMERIC, label, edits, (INACCURATE,), dtypes)

    def lossy(self) -> Entry:
        """Correct as everybody writes it, though somewhere it loses digits: agreement and that finding are both right."""
        return replace(self, verdicts=(AGREES, INACCURATE))

    def right(self, name: str, *edits: tuple[str, str], dtypes: tuple[str, ...] = ()) -> Entry:
        """Still correct, written differently."""
        return self._edited(name, "", "", edits, (AGREES,), dtypes or self.dtypes)

    def _edited(
        self, name: str, category: str, label: str, edits: tuple[tuple[str, str], ...], verdicts: tuple[str, ...], dtypes: tuple[str, ...]
    ) -> Entry:
        source = self.source
        for old, new in edits:
            if old not in source:
                raise ValueError(f"{self.id}, {name}: {old!r} does not stand in the source")
            source = source.replace(old, new)
        return replace(self, name=name, source=source, category=category, label=label, verdicts=verdicts, dtypes=dtypes)


def forward(op: str, name: str, source: str, framework: str = "numpy", dtypes: tuple[str, ...] = ALL, **parameters: float) -> Entry:
    """Correct code for an op's value. A framework's own derivative comes with it, and that may lose digits in the tails."""
    verdicts = (AGREES, INACCURATE) if framework in ("torch", "jax") else (AGREES,)
    return Entry(op, "forward", name, dedent(source).lstrip(), framework, dtypes, verdicts, parameters=tuple(parameters.items()))


def backward(op: str, name: str, source: str, framework: str = "numpy", dtypes: tuple[str, ...] = WIDE, **parameters: float) -> Entry:
    """Correct code for an op's gradient."""
    return Entry(op, "backward", name, dedent(source).lstrip(), framework, dtypes, parameters=tuple(parameters.items()))
