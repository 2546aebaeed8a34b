"""Gradients read as a textbook prints them: golden forms, proved for all sizes, whatever the definition calls things."""

import time

import pytest

from derive.calculus.gradient import vjp
from derive.catalog import find
from derive.language import Index, Positive, Real, assume, exp, log, mean, op, size, sqrt, sum

# fmt: off
FORMS = {
    "sigmoid":             {"dx": "g*y*(1 - y)"},
    "tanh":                {"dx": "g*(1 - y**2)"},
    "relu":                {"dx": "where(x > 0, g, 0)"},
    "gelu":                {"dx": "g*(normal_cdf(x) + x*normal_pdf(x))"},
    "softplus":            {"dx": "g*sigmoid(beta*x)"},
    "silu":                {"dx": "g*(sigmoid*(1 - y) + y)"},
    "softmax":             {"dz": "p*(g - sum(g*p, C))/temperature"},
    "log_softmax":         {"dz": "(g - p*sum(g, C))/temperature"},
    "cross_entropy":       {"dlogits": "g*(p - onehot(label, C))/size(N)"},
    "cross_entropy_probs": {"dlogits": "g*(p - target)/size(N)"},
    "bce_with_logits":     {"dlogits": 'g*(sigmoid(logits) - target)/size("...")'},
    "mse":                 {"dpred": '2*g*(pred - target)/size("...")'},
    "batch_norm_train":    {"dx": "gamma*rstd*(g - mean(g, N) - xhat*mean(g*xhat, N))", "dgamma": "sum(g*xhat, N)", "dbeta": "sum(g, N)"},
    "layer_norm":          {"dx": "rstd*(g*gamma - mean(g*gamma, D) - xhat*mean(g*gamma*xhat, D))"},
    "rms_norm":            {"dx": "rstd*(g*gamma - xhat*mean(g*gamma*xhat, D))"},
    "linear":              {"dx": "sum(g*w, O)", "dw": "sum(g*x, ...)", "db": "sum(g, ...)"},
    "attention":           {"dp": "sum(g*v, E)", "ds": "p*(dp - sum(p*dp, M))", "dv": "sum(g*p, L)", "dq": "sum(k*ds, M)/sqrt(size(D))",
                            "dk": "sum(q*ds, L)/sqrt(size(D))"},
    "embedding":           {"dw": "sum(g*onehot(ids, V), ...)"},
    "group_norm":          {"dx": "rstd*(gamma*g - mean(gamma*g, C H W) - xhat*mean(gamma*g*xhat, C H W))"},
    "huber":               {"dr": 'g*where(delta >= r, r, delta)/size("...")', "dpred": "dr*sign(pred - target)"},
    "chamfer":             {"da": "2*g*((a - b[M=argmin(d, M)])/size(N) + mean((a - b)*onehot(argmin(d, N), N), M))"},
    "info_nce":            {"ds": "g*(p - partner)/size(N)"},
    "arcface":             {"ds": "g*(softmax - onehot(label, C))/size(N)"},
    "conv2d_same":         {"dx": "sum(g[H=dilation*(floor(size(I)/2) - idx(I)) + idx(H), "
                                  "W=dilation*(floor(size(J)/2) - idx(J)) + idx(W)]*w, I J O)"},
    "rnn_cell":            {"dz": "g*(1 - y**2)", "dx": "sum(w*dz, H)", "db": "sum(dz, N)"},
    "lstm_cell":           {"dmemory": "g_output*o*(1 - tanh**2) + g_memory", "dc": "f*dmemory", "dx": "sum(w*dz, G H)"},
    "gru_cell":            {"dn": "g*(1 - z)", "ds": "dn*(1 - n**2)"},
    "mlp":                 {"dbatch_norm_train": "dh*(1 - h**2)", "db1": "0", "db2": "sum(dlinear_2, N)"},
    "residual_block":      {"dz": "where(z > 0, g, 0)", "dn1": "where(n1 > 0, dh, 0)",
                            "dconv2d_same_2": "gamma2*rstd_2*(dz - mean(dz, H N W) - xhat_2*mean(xhat_2*dz, H N W))"},
    "conv2d":              {"dx": "sum(g*w*onehot(dilation*idx(I) + stride*idx(P) - padding, H)"
                                  "*onehot(dilation*idx(J) + stride*idx(Q) - padding, W), I J O P Q)",
                            "dw": "sum(g*x[H=dilation*idx(I) + stride*idx(P) - padding, "
                                  "W=dilation*idx(J) + stride*idx(Q) - padding], N P Q)"},
    "cosine_similarity":   {"da": "g*(bhat/sqrt(sum(a**2, D)) - y*a/sum(a**2, D))"},
    "cross_entropy_smoothed": {"dlogits": "g*(onehot(label, C)*(smoothing - 1) + p - smoothing/size(C))/size(N)"},
    "instance_norm":       {"dx": "gamma*rstd*(g - mean(g, H W) - xhat*mean(g*xhat, H W))"},
    "logit":               {"dp": "g/(p*(1 - p))"},
    "isru":                {"dx": "g/(1 + alpha*x**2)**(3/2)"},
    "isrlu":               {"dx": "g*where(x >= 0, 1, 1/(1 + alpha*x**2)**(3/2))"},
    "arcsinh":             {"dx": "g/sqrt(1 + x**2)"},
    "gcu":                 {"dx": "g*(cos(x) - x*sin(x))"},
    "pseudo_huber":        {"dpred": 'delta*g*r/(size("...")*sqrt(1 + r**2))'},
    "cauchy_loss":         {"dpred": '2*g*(pred - target)/(size("...")*(2*c**2 + (pred - target)**2))'},
    "von_mises_nll":       {"dpred": 'kappa*g*sin(pred - target)/size("...")'},
    "soft_assignment":     {"dd_in": "y*(x - centre)*(1 + freedom)*(sum(g*y, K) - g)/(freedom + d)", "dx": "sum(dd_in, K)"},
    "attention_bias":      {"ds": "p*(dp - sum(p*dp, M))", "dbias": "sum(ds, ...)"},
}
# fmt: on


def forms(derivation):
    return {let.name: str(let.body) for let in derivation.program.lets}


@pytest.mark.parametrize("name", FORMS)
def test_golden_forms_are_proved_and_printed(name):
    start = time.process_time()
    derivation = vjp(find(name).program)
    seconds = time.process_time() - start
    assert {k: v for k, v in forms(derivation).items() if k in FORMS[name]} == FORMS[name]
    assert derivation.steps and {s.certificate.tier for s in derivation.steps} == {"A"} and derivation.tier == "A"
    assert seconds < 20, "an expression that grows without end, not a slow machine"


@op
def standard(a: Real["S F"], w: Real["F"], *, tiny: Positive = 1e-5):
    """Batch norm by other names, all in one line but the pieces a gradient needs."""
    centre = mean(a, "S")
    r = 1 / sqrt(mean((a - centre) ** 2, "S") + tiny)
    h = (a - centre) * r
    return h * w


@op
def surprise(scores: Real["B K"], truth: Index["B -> K"]):
    """Cross-entropy by other names, with the mean written out."""
    big = exp(scores)
    prob = big / sum(big, "K")
    return sum(-log(prob).at(K=truth), "B") / size("B")


@op
def weighted_surprise(scores: Real["B K"], wanted: Real["B K"]):
    """Probability targets of which nothing is assumed."""
    big = exp(scores)
    prob = big / sum(big, "K")
    return mean(-sum(wanted * log(prob), "K"), "B")


@op
def assumed_surprise(scores: Real["B K"], wanted: Real["B K"]):
    """The same, with targets that sum to 1."""
    assume(sum(wanted, "K"), equals=1)
    big = exp(scores)
    prob = big / sum(big, "K")
    return mean(-sum(wanted * log(prob), "K"), "B")


def test_the_form_does_not_depend_on_names():
    assert forms(vjp(standard.program))["da"] == "w*r*(g - mean(g, S) - h*mean(g*h, S))"
    assert forms(vjp(surprise.program))["dscores"] == "g*(prob - onehot(truth, K))/size(B)"


def test_without_the_hypothesis_the_sum_of_targets_stays():
    assert forms(vjp(weighted_surprise.program))["dscores"] == "g*(prob*sum(wanted, K) - wanted)/size(B)"
    derivation = vjp(assumed_surprise.program)
    assert forms(derivation)["dscores"] == "g*(prob - wanted)/size(B)"
    assert all([str(h) for h in s.hypotheses] == ["sum(wanted, K) == 1"] for s in derivation.steps)
    assert not any(s.hypotheses for s in vjp(weighted_surprise.program).steps)


def test_facts_that_were_used_are_proved_steps():
    facts = {str(s.left): str(s.right) for s in vjp(find("batch_norm_train").program).steps if s.name == "fact"}
    assert facts.get("sum(xhat, N)", facts.get("mean(xhat, N)")) == "0"
    facts = {str(s.left): str(s.right) for s in vjp(find("softmax").program).steps if s.name == "fact"}
    assert facts in ({"sum(p, C)": "1"}, {})


def test_the_whole_gradient_is_the_transpose_of_the_derivative():
    for name in ("batch_norm_train", "attention", "cross_entropy", "conv2d", "embedding"):
        last = vjp(find(name).program).steps[-1]
        assert last.name == "transpose" and last.certificate.tier == "A"
