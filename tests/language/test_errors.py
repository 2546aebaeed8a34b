"""Each bad definition gives one DefinitionError in the language's own words: what came, what was wanted, where, what next."""

# ruff: noqa: E501

import builtins
import math
import re

import numpy as np
import pytest

import derive.catalog
import derive.language
from derive.language import DefinitionError, Op

NAMES = {n: getattr(derive.language, n) for n in derive.language.__all__}
NAMES = {op.name: op for op in derive.catalog.CATALOG} | NAMES
NAMES |= {"builtins": builtins, "math": math, "np": np}


def define(signature: str, body: str, name: str = "f") -> object:
    lines = "".join(f"    {line}\n" for line in body.split("; "))
    source = f"@op\ndef {name}{signature}:\n    'Doc.'\n{lines}"
    env = dict(NAMES)
    exec(compile(source, "my_ops.py", "exec"), env)
    return env[name]


X, XN = '(x: Real["N D"])', '(x: Real["N"])'
QK = '(q: Real["L D"], k: Real["M K"])'

# Signature, body, the message. What follows "line" in the message was raised while the definition ran.
# fmt: off
BAD = [
    # two different axes contracted
    (QK, 'return sum(q * k, "D")', "line 4: sum over D: q has axes (L, D), k has (M, K); they share no axis that is reduced, so nothing is contracted. Give the axes that should meet one name"),
    (QK, 'return sum(q * k, "D K")', "line 4: sum over D, K: q has axes (L, D), k has (M, K); they share no axis"),
    (QK, 'return mean(2 * q * k, "D")', "they share no axis that is reduced"),
    ('(q: Real["L D"], k: Real["M K"]) -> Real["L M"]', 'return sum((q - k) ** 2, "D")', "f: it declares (L, M) but returns (L, M, K); K is left over: reduce over it, or give two axes that should meet one name"),
    ('(x: Real["N D"], w: Real["O K"], b: Real["O"])', "return linear(x, w, b)", "linear wants x (..., I), w (O, I), b (O); got x (N, D), w (O, K), b (O): w has no axis called D (the I of w)"),
    ('(x: Real["N D"]) -> Real["N D K"]', "return x", "K is gone: a reduction removed it, or no input of the result has it"),
    ('(x: Real["N D"]) -> float', "return x", 'the outputs are declared as -> Real["N"]'),
    ('(x: Real["N D"]) -> tuple[Real["N"], Real["D"]]', 'return sum(x, "N")', "it declares 2 outputs but returns 1"),
    # reductions
    (X, 'return sum(x, "K")', "line 4: sum over K: x has axes (N, D)"),
    (X, 'return sum(x, "n")', 'x has axes (N, D); did you mean "N"?'),
    ('(x: Real["... D"])', 'return sum(x, "N")', 'x has axes (..., D); "..." is the name of the leading axes'),
    (X, "return sum(x, 0)", 'sum names the axes it removes, as in sum(x, "N"); got 0'),
    (X, "return max(x, 0)", "the larger or smaller of two is maximum(a, b)"),
    (X, 'return sum(x, "")', "names no axis; leave it out to reduce over all of (N, D)"),
    (X, 'return argmax(x, "N D")', "argmax gives positions along one axis; got N, D"),
    (X, "return sum(x, axis=0)", "my_ops.py, line 4: TypeError: sum() got an unexpected keyword argument 'axis'"),
    # Python and NumPy where the language is meant
    (XN, "return builtins.max(x, 0)", "x < 0 has no truth value while it is being defined"),
    (XN, "return builtins.sum(x)", "are those of derive.language, not of Python: import them"),
    (XN, "return math.exp(x)", "are those of derive.language, not of math"),
    (XN, "return math.pi * x", "line 4: 3.141592653589793 is pi rounded to a float, and a float is read as the decimal it shows; write pi, with pi from derive.language"),
    (XN, "return x / sqrt(2 * np.pi)", "6.283185307179586 is 2*pi rounded to a float"),
    (XN, "return x * np.e", "write exp(1), with exp from derive.language"),
    (XN, "return np.exp(x)", "np.exp works on arrays, and x has no numbers yet"),
    (XN, "return int(x)", "floor(x)"),
    (XN, "return x @ x", 'write sum(x * w, "D") with the axis that both share'),
    (XN, "return x[0]", "axes have names: x.at(N=0)"),
    (XN, "return x + 'a'", "made of numbers and expressions; got str 'a'"),
    (XN, "return y", "f: my_ops.py, line 4: NameError: name 'y' is not defined"),
    # conditions
    (XN, "return x if x > 0 else -x", "x > 0 has no truth value while it is being defined; write where(condition, a, b) instead of if"),
    (XN, "return where(0 < x < 1, 1, 0)", "has no truth value"),
    (XN, "return where((x > 0) & (x < 1), 1, 0)", "where(first, where(second, a, b), b)"),
    (XN, "return where(~(x > 0), 1, 0)", "swap the branches"),
    (XN, "return x > 0", "f: returns the condition x > 0; wanted numbers, as in where(x > 0, 1, 0)"),
    (XN, "return (x > 0) * x", "(x > 0)*x uses the condition x > 0 as a number"),
    (XN, "return where(x, 1, 0)", "where wants a comparison first"),
    (XN, "return where(x == 0, 1, 0)", "where(equal(x, 0), 1, x); got False"),
    (XN, "return softmax(x > 0)", "softmax: z is the condition x > 0"),
    # annotations
    ("(x)", "return x", 'f: argument x needs its axes, as in x: Real["N D"]'),
    ("(x: float)", "return x", "argument x needs its axes"),
    ("(x: Real)", "return x", "argument x needs its axes"),
    ('(x: Real["N N"])', "return x", "Real[\"N N\"]: N stands there twice; call the second axis N' if it is as long as the first"),
    ('(x: Real["N,D"])', "return x", "N,D is no axis; axes are words with spaces between them"),
    ('(x: Real["N ..."])', "return x", '"..." stands for the leading axes, so it comes first'),
    ("(x: Real[3])", "return x", 'takes its axes as one string, as in Real["N D"]; got 3'),
    ('(x: Index["N"])', "return x", 'wanted Index["N -> C"]: one position of C for each N'),
    ('(x: Real["N -> C"])', "return x", 'wanted axes only, as in Real["N D"]'),
    ('(x: Index["N -> C"])', "return x", "x points into C, but no input has that axis; got (N)"),
    ('(x: Real["N C"], i: Index["N -> C D"])', "return x", "after the arrow stands one axis"),
    ("(x: 'Reel[3]')", "return x", "an annotation cannot be read: name 'Reel' is not defined"),
    # names
    ('(x: Real["N"], N: Real["N"])', "return x", "f: N named twice; inputs, parameters and axes need names of their own"),
    ('(x: Real["N"], *, N=2)', "return x", "N named twice"),
    ('(x: Real["N"], *, over=2)', "return x", "over is no name for an argument"),
    ('(_x: Real["N"])', "return _x", "_x is no name for an argument"),
    ('(x: Real["H"], w: Real["I"])', 'return x.at(H=new("w") + idx("I"))', "w is an argument and cannot be an axis too"),
    # arguments
    ("()", "return 1", "f: a definition has at least one array among its arguments"),
    ('(*x: Real["N"])', "return x", "*x has no axes; a definition names each of its arguments"),
    ('(x: Real["N"] = 3)', "return x", "x is an array and has no default; got 3"),
    ('(x: Real["N"], eps=1e-5)', "return x", "eps is a parameter, so it comes after a bare *, as in (x, *, eps=...)"),
    ('(x: Real["N"], *, a: Positive = 0)', "return x", "the default a=0 lies outside its own range, a finite number in (0, inf)"),
    ('(x: Real["N"], *, a: Natural = 1.5)', "return x", "an integer in [0, inf)"),
    ('(x: Real["N"], *, a=float("nan"))', "return x", "the default of a: nan is no real number"),
    ('(x: Real["N"], *, a=float("inf"))', "return x", "the default of a: inf is no real number"),
    ('(x: Real["N"], *, a=True)', "return x", "the default of a: a definition is made of numbers and expressions; got bool True"),
    ('(x: Real["N"], *, a=None)', "return x", "the default of a"),
    ('(x: Real["N"], *, a: int = 1)', "return x", "parameter a wants a range such as Positive, Natural or Range(0, 1); got <class 'int'>"),
    ('(x: Real["N"], *, a: Real["N"])', "return x", "got the axes (N); arrays come before *"),
    # results
    (XN, "return None", "f: it returns nothing; a definition ends with return"),
    (XN, "return [x, x]", "returns list; wanted an expression, or a tuple of them"),
    (XN, "return x * float('inf')", "inf is no real number"),
    (XN, "return x / 0", "division by zero"),
    # positions
    (X, "return x.at(K=0)", "x has no axis K to read at; its axes are (D, N)"),
    (X, "return x.at(N=0.5)", "N is read at 1/2, no integer"),
    ('(x: Real["N D"], y: Real["N"])', "return x.at(D=y)", 'D is read at y, no integer; wanted an Index input, idx("N") or argmax(x, "D")'),
    ('(x: Real["N C"], i: Index["N -> C"])', "return x.at(N=i)", "i holds positions of C, not of N; write at(C=i)"),
    (X, 'return x.at(D=argmax(x, "N"))', "holds positions of N, not of D"),
    ('(x: Real["N"], *, k=1)', "return x.at(N=k)", "annotate k as Natural"),
    (XN, 'return idx("Z") * x', "nothing gives axis Z a size, in y = idx(Z)*x"),
    (XN, 'return size("n") * x', 'nothing gives axis n a size, in y = size(n)*x; did you mean "N"?'),
    (XN, "return size(x)", 'size(...) takes the name of one axis, as in size("N"); got <x>'),
    (X, 'return x.at(N=new("P") * idx("D"))', "wanted one new axis, in an affine index"),
    # one op inside another
    (X, 'return softmax(x, over="K")', 'softmax over "K": x has axes (N, D)'),
    (X, 'return relu(x, over="N")', "relu works on each element, so it takes no over"),
    (X, "return softmax(x, temprature=2)", 'softmax has no parameter temprature; did you mean "temperature"?'),
    (X, "return softmax(x, temperature=0)", "softmax: parameter temperature is 0; wanted a finite number in (0, inf)"),
    (X, "return softmax(x, temperature=x)", "parameter temperature is one number; got x with axes (D, N)"),
    (X, "return softmax(x, x)", "softmax takes 1 array (z); got 2"),
    (X, "return softmax(np.ones(3))", "softmax: z is ndarray; an op is used inside a definition"),
    ('(w: Real["E D"], x: Real["N D"])', 'return softmax(sum(x * w, "D"))', "it is unclear which of (E, N) is C of z, since no array declares their order; name the axis"),
    ('(x: Real["B T D"], c: Real["D"])', "return batch_norm_train(x, c, c)", 'x has (B) left over; an op takes more axes where its definition begins them with "..."'),
    ('(x: Real["N K"], y: Real["N"])', "return cross_entropy(x, y)", "is read at y, no integer"),
    ('(x: Real["N K"], y: Index["N -> C"], c: Real["C"])', "return cross_entropy(x, y) * sum(c)", "y holds positions of C, not of K"),
    ('(x: Real["N D"], w: Real["O D"])', "return linear(x, w, 0)", "b is one number; wanted axes (O)"),
    # states and assumptions
    ('(x: Real["N"], s: State["N"])', "return x", "f: state s is never given its new value"),
    ('(x: Real["N"], s: State["N"])', "s = 0; return x", "state s is never given its new value"),
    ('(x: Real["N"], s: State["N"])', "s = sum(s * x); return x", "state s has axes (N), its new value ()"),
    (XN, "assume(1, equals=1); return x", "assume wants an expression and what it equals"),
]
# fmt: on


@pytest.mark.parametrize(("signature", "body", "message"), BAD, ids=[f"{s} {b}"[:70] for s, b, _ in BAD])
def test_it_says_what_is_wrong(signature: str, body: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(message)) as caught:
        define(signature, body)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


GOOD = [
    ('(x: Real["N D"], c: Real["D"])', 'return mean(c * x, "N")', ("D",)),
    ('(p: Real["L M"], v: Real["M E"])', 'return sum(p * v, "M")', ("L", "E")),
    ('(a: Real["N D"], b: Real["M D"], c: Real["N M"])', 'return sum(a * b * c, "D")', ("N", "M")),
    (QK, 'return sum(q, "D") * sum(k, "K")', ("L", "M")),
    (QK, "return sum(q * k)", ()),
    (QK, 'return sum(q * k, "D") if False else k * sum(q, "D")', ("L", "M", "K")),
]


@pytest.mark.parametrize(("signature", "body", "axes"), GOOD)
def test_products_that_mean_something_are_accepted(signature: str, body: str, axes: tuple[str, ...]) -> None:
    op = define(signature, body)
    assert isinstance(op, Op)
    assert set(op.program.outputs[0].names) == set(axes)


@pytest.mark.parametrize("name", ["f_vjp", "f_jvp", "f_hvp", "_f"])
def test_names_of_generated_functions_are_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match=name):
        define(XN, "return x", name)


def test_a_definition_begins_with_a_sentence() -> None:
    with pytest.raises(DefinitionError, match="f: a definition begins with one sentence"):
        exec("@op\ndef f(x: Real['N']):\n    return x", dict(NAMES))


def test_a_source_is_given_by_name() -> None:
    with pytest.raises(DefinitionError, match=r"op\(source='Me 2020'\)"):
        exec("@op('Me 2020')\ndef f(x: Real['N']):\n    'd'\n    return x", dict(NAMES))


def test_the_line_is_that_of_the_helper_at_fault() -> None:
    source = 'def helper(v):\n    return v[0]\n@op\ndef f(x: Real["N"]):\n    "d"\n    return helper(x)\n'
    with pytest.raises(DefinitionError, match=r"f: my_ops\.py, line 2: "):
        exec(compile(source, "my_ops.py", "exec"), dict(NAMES))


def test_the_message_of_a_large_expression_stays_short() -> None:
    body = "h = layer_norm(x, c, c)" + "; x = x + attention(h, h, h); h = layer_norm(x, c, c)" * 8 + '; return sum(x, "Z")'
    with pytest.raises(DefinitionError, match="sum over Z: ") as caught:
        define('(x: Real["B T D"], c: Real["D"])', body)
    assert len(str(caught.value)) < 300
