"""What a definition becomes: named intermediates, axes in order, sizes, states; ops inside ops; values that travel."""

import os
import pickle
import subprocess
import sys

import pytest

from derive.catalog import find
from derive.language import (
    Count,
    Index,
    Natural,
    Op,
    Positive,
    Real,
    State,
    argmax,
    assume,
    exp,
    idx,
    log,
    max,
    mean,
    new,
    op,
    size,
    sqrt,
    sum,
    where,
)  # fmt: skip
from derive.language.nodes import Input, base_axis, walk

relu, softmax, linear, attention, conv2d = (find(n) for n in ("relu", "softmax", "linear", "attention", "conv2d"))
layer_norm, batch_norm, adam, cross_entropy = (find(n) for n in ("layer_norm", "batch_norm_train", "adam", "cross_entropy"))


def lets(definition: Op) -> dict[str, str]:
    return {let.name: str(let.body) for let in definition.program.lets}


def outputs(definition: Op) -> list[tuple[str, str]]:
    return [(o.name, " ".join(o.names)) for o in definition.program.outputs]


def test_local_names_survive_and_a_new_value_of_an_input_is_new() -> None:
    @op
    def f(x: Real["N"], y: Real["N"]):
        "d"
        mean_ = mean(x)
        x = x - mean_
        lambda_ = exp(x)
        return x * lambda_ * y

    assert list(lets(f)) == ["mean", "x_new", "lambda_", "y_2"]


def test_a_name_of_an_axis_is_kept_for_the_axis() -> None:
    @op
    def f(x: Real["N D"]):
        "d"
        N = size("N") / 2
        D = sum(x, "D")
        return D * D / N

    assert lets(f)["D_new"] == "sum(x, D)" and "D" not in lets(f)


def test_several_outputs_keep_their_names_and_those_without_get_some() -> None:
    @op
    def f(x: Real["N D"]):
        "d"
        mu = mean(x, "N")
        return mu, sum(x, "D"), x

    assert outputs(f) == [("mu", "D"), ("y", "N"), ("y_2", "N D")]


def test_declared_outputs_are_laid_out_as_declared() -> None:
    @op
    def f(x: Real["N D"]) -> tuple[Real["D N"], Real["D"]]:
        "d"
        return 2 * x, sum(x, "N")

    assert [o for _, o in outputs(f)] == ["D N", "D"]


def test_numbers_are_the_decimals_that_stand_there() -> None:
    @op
    def f(x: Real["N"], *, a=0.1, b: Positive = 1e-300):
        "d"
        return 0.044715 * x * a * b

    assert "8943*x" in lets(f)["y"] and "200000" in lets(f)["y"]
    assert str(f.program.parameters[0].default) == "1/10"
    assert f.program.parameters[1].default.denominator == 10**300


def test_leading_axes_come_first_whoever_declares_them() -> None:
    @op
    def f(w: Real["V D"], ids: Index["... -> V"]):
        "d"
        return w.at(V=ids)

    assert f.program.order == ("...", "V", "D") and outputs(f) == [("y", "... D")]


def test_inputs_of_the_program_are_those_in_its_expressions() -> None:
    leaves = {n for let in adam.program.lets for n in walk(let.body) if isinstance(n, Input)}
    assert leaves == set(adam.program.inputs)
    assert [i.name for i in adam.program.real_inputs] == ["w", "grad"]


def test_states_are_outputs_also_when_an_op_inside_makes_them() -> None:
    @op
    def step(w: Real["N"], grad: Real["N"], m: State["N"], v: State["N"], t: Count):
        "d"
        w, m, v = adam(w, grad, m, v, t)
        return w

    assert outputs(step) == [("w_new", "N"), ("m_new", "N"), ("v_new", "N")]
    assert {i.name for let in step.program.lets for i in walk(let.body) if isinstance(i, Input)} == {"w", "grad", "m", "v", "t"}


def test_the_same_op_twice_keeps_its_intermediates_apart() -> None:
    @op
    def f(x: Real["N"]):
        "d"
        return softmax(softmax(x))

    assert list(lets(f)) == ["e", "softmax", "e_2", "y"]


def test_self_attention_gets_a_second_index_over_the_same_positions() -> None:
    @op
    def f(x: Real["B T D"]):
        "d"
        h = attention(x, x, x)
        return attention(h, h, x)

    assert f.program.order == ("B", "T", "D", "T'") and base_axis("T'") == "T"
    assert outputs(f) == [("y", "B T D")]


def test_arrays_may_be_given_by_name() -> None:
    @op
    def f(x: Real["N D"], w: Real["E D"], b: Real["E"]):
        "d"
        return linear(b=b, w=w, x=x)

    @op
    def g(x: Real["N D"], w: Real["E D"], b: Real["E"]):
        "d"
        return linear(x, w, b)

    assert f.program.lets == g.program.lets


def test_an_index_map_may_have_a_name() -> None:
    @op
    def f(x: Real["H"], w: Real["I"], *, stride: Natural = 1):
        "d"
        rows = stride * new("P") + idx("I")
        return sum(x.at(H=rows) * w, "I")

    assert [a for a, _ in f.program.sizes] == ["P"] and list(lets(f)) == ["y"]


def test_stacked_convolutions_have_sizes_of_their_own() -> None:
    @op
    def f(x: Real["N C H W"], w: Real["O C I J"], v: Real["K O I J"]):
        "d"
        return conv2d(relu(conv2d(x, w)), v, stride=2)

    assert [a for a, _ in f.program.sizes] == ["P", "Q", "P_2", "Q_2"]
    assert outputs(f) == [("y", "N K P_2 Q_2")]


def test_axes_are_bound_by_name_before_place_whatever_comes_first() -> None:
    @op
    def f(w: Real["H D"], x: Real["N D"], b: Real["H"], gamma: Real["H"], beta: Real["H"]):
        "d"
        h = linear(x, w, b)
        return batch_norm(h, gamma, beta)

    assert lets(f)["mu"] == "mean(h, N)"


def test_places_count_where_an_op_inside_declares_them() -> None:
    @op
    def f(x: Real["N D"], w: Real["E D"], b: Real["E"]):
        "d"
        return softmax(linear(x, w, b))

    assert lets(f)["y"] == "e/sum(e, E)"


def test_hypotheses_of_an_op_inside_are_those_of_the_whole() -> None:
    @op
    def f(x: Real["N K"], q: Real["N K"]):
        "d"
        return find("cross_entropy_probs")(x, q) + 1

    assert [str(h) for h in f.program.hypotheses] == ["sum(q, K) == 1"]


def test_max_over_the_leading_axes_goes_one_axis_at_a_time_inside_another_op() -> None:
    @op
    def top(x: Real["..."]):
        "d"
        return max(x, "...")

    @op
    def f(x: Real["N D"]):
        "d"
        return top(x)

    assert lets(f)["y"] == "max(max(x, D), N)"


def test_a_position_is_an_index() -> None:
    @op
    def f(x: Real["N C"], z: Real["N C"]):
        "d"
        best = argmax(z, "C")
        return x.at(C=best)

    assert lets(f) == {"best": "argmax(z, C)", "y": "x[C=best]"}


def test_helpers_are_plain_functions() -> None:
    def norm(v, axis):
        return sqrt(sum(v**2, axis))

    @op
    def f(a: Real["N D"], b: Real["N D"]):
        "d"
        return sum(a * b, "D") / (norm(a, "D") * norm(b, "D"))

    assert lets(f) == {"y": "sum(a*b, D)/(sqrt(sum(a**2, D))*sqrt(sum(b**2, D)))"}


def test_a_long_unrolled_recurrence_is_no_problem() -> None:
    @op
    def f(x: Real["N"]):
        "d"
        for _ in range(2000):
            x = x / 2 + 1
        return x

    assert outputs(f) == [("x_new", "N")]


def test_expressions_survive_a_trip_to_another_process(tmp_path) -> None:
    (tmp_path / "ops").write_bytes(pickle.dumps([softmax, cross_entropy]))
    code = (
        "import pickle, sys; from derive.catalog import find; "
        "a, b = pickle.load(open(sys.argv[1], 'rb')); bodies = {b.program.lets[0].body: 'found'}; "
        "print(a.program == find('softmax').program, bodies.get(find('cross_entropy').program.lets[0].body))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.getcwd()}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "ops")], check=True, env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["True", "found"]


def test_programs_do_not_depend_on_the_hash_seed() -> None:
    code = "from derive.catalog import CATALOG; print([(o.program.order, [str(l.body) for l in o.program.lets]) for o in CATALOG])"
    environments = [{**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.getcwd()} for seed in ("0", "1", "99")]
    runs = {subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=e).stdout for e in environments}
    assert len(runs) == 1


def test_an_assumption_is_remembered() -> None:
    @op
    def f(t: Real["N C"]):
        "d"
        assume(sum(t, "C"), equals=1)
        return -sum(t * log(t), "C")

    assert str(f.program.hypotheses[0]) == "sum(t, C) == 1"


def test_equal_branches_collapse_and_boundaries_have_owners() -> None:
    @op
    def f(x: Real["N"]):
        "d"
        return where(x > 0, x, x)

    assert lets(f) == {"y": "x"}


@pytest.mark.parametrize("name", ["g", "np", "e", "math", "range", "axis", "type"])
def test_any_word_may_name_an_input(name: str) -> None:
    env = {"op": op, "Real": Real, "softmax": softmax}
    exec(f"@op\ndef f({name}: Real['N D']):\n    'd'\n    return softmax({name})", env)
    assert env["f"].program.inputs[0].name == name
    assert name not in [let.name for let in env["f"].program.lets]


def test_a_factor_may_scale_what_is_contracted() -> None:
    @op
    def scaled(u: Real["D"], w: Real["D"], a: Real["N"]):
        """A scalar product for each number."""
        return sum(u * w * a, "D")

    assert scaled.program.outputs[0].names == ("N",)
