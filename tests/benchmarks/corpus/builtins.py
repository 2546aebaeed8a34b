"""The ops as PyTorch and JAX themselves have them: what the published table of built-ins is made from."""

# ruff: noqa: E501

from __future__ import annotations

from corpus.entry import Entry, forward

# fmt: off
ROWS = (
    # op                       arguments                       PyTorch                                                          JAX
    ("sigmoid",                "x",                            "torch.sigmoid(x)",                                              "jax.nn.sigmoid(x)"),
    ("tanh",                   "x",                            "torch.tanh(x)",                                                 "jnp.tanh(x)"),
    ("relu",                   "x",                            "F.relu(x)",                                                     "jax.nn.relu(x)"),
    ("leaky_relu",             "x, slope=0.01",                "F.leaky_relu(x, slope)",                                        "jax.nn.leaky_relu(x, slope)"),
    ("elu",                    "x, alpha=1.0",                 "F.elu(x, alpha)",                                               "jax.nn.elu(x, alpha)"),
    ("celu",                   "x, alpha=1.0",                 "F.celu(x, alpha)",                                              "jax.nn.celu(x, alpha)"),
    ("gelu",                   "x",                            "F.gelu(x)",                                                     "jax.nn.gelu(x, approximate=False)"),
    ("gelu_tanh",              "x",                            "F.gelu(x, approximate='tanh')",                                 "jax.nn.gelu(x, approximate=True)"),
    ("softplus",               "x",                            "F.softplus(x)",                                                 "jax.nn.softplus(x)"),
    ("logsigmoid",             "x",                            "F.logsigmoid(x)",                                               "jax.nn.log_sigmoid(x)"),
    ("silu",                   "x",                            "F.silu(x)",                                                     "jax.nn.silu(x)"),
    ("mish",                   "x",                            "F.mish(x)",                                                     "jax.nn.mish(x)"),
    ("softsign",               "x",                            "F.softsign(x)",                                                 "jax.nn.soft_sign(x)"),
    ("tanhshrink",             "x",                            "F.tanhshrink(x)",                                               ""),
    ("relu6",                  "x",                            "F.relu6(x)",                                                    "jax.nn.relu6(x)"),
    ("hardtanh",               "x",                            "F.hardtanh(x)",                                                 "jax.nn.hard_tanh(x)"),
    ("hardsigmoid",            "x",                            "F.hardsigmoid(x)",                                              "jax.nn.hard_sigmoid(x)"),
    ("hardswish",              "x",                            "F.hardswish(x)",                                                "jax.nn.hard_swish(x)"),
    ("hardshrink",             "x, width=0.5",                 "F.hardshrink(x, width)",                                        ""),
    ("softshrink",             "x, width=0.5",                 "F.softshrink(x, width)",                                        ""),
    ("softmax",                "z",                            "torch.softmax(z, -1)",                                          "jax.nn.softmax(z)"),
    ("log_softmax",            "z",                            "torch.log_softmax(z, -1)",                                      "jax.nn.log_softmax(z)"),
    ("softmin",                "z",                            "F.softmin(z, dim=-1)",                                          ""),
    ("logsumexp",              "z",                            "torch.logsumexp(z, -1)",                                        "jax.nn.logsumexp(z, axis=-1)"),
    ("mse",                    "pred, target",                 "F.mse_loss(pred, target)",                                      ""),
    ("mae",                    "pred, target",                 "F.l1_loss(pred, target)",                                       ""),
    ("huber",                  "pred, target, delta=1.0",      "F.huber_loss(pred, target, delta=delta)",                       ""),
    ("smooth_l1",              "pred, target, beta=1.0",       "F.smooth_l1_loss(pred, target, beta=beta)",                     ""),
    ("poisson_nll",            "log_rate, count",              "F.poisson_nll_loss(log_rate, count)",                           ""),
    ("bce",                    "pred, target",                 "F.binary_cross_entropy(pred, target)",                          ""),
    ("bce_with_logits",        "logits, target",               "F.binary_cross_entropy_with_logits(logits, target)",            ""),
    ("nll",                    "logp, label",                  "F.nll_loss(logp, label)",                                       ""),
    ("cross_entropy",          "logits, label",                "F.cross_entropy(logits, label)",                                ""),
    ("cross_entropy_probs",    "logits, target",               "F.cross_entropy(logits, target)",                               ""),
    ("cross_entropy_smoothed", "logits, label, smoothing=0.1", "F.cross_entropy(logits, label, label_smoothing=smoothing)",     ""),
    ("kl_div",                 "logp, target",                 "F.kl_div(logp, target, reduction='batchmean')",                 ""),
    ("multi_margin",           "score, label, margin=1.0",     "F.multi_margin_loss(score, label, margin=margin)",              ""),
    ("batch_norm_train",       "x, gamma, beta, eps=1e-5",     "F.batch_norm(x, None, None, gamma, beta, True, eps=eps)",       ""),
    ("layer_norm",             "x, gamma, beta, eps=1e-5",     "F.layer_norm(x, x.shape[-1:], gamma, beta, eps)",               ""),
    ("rms_norm",               "x, gamma, eps=1e-5",           "F.rms_norm(x, x.shape[-1:], gamma, eps)",                       ""),
    ("linear",                 "x, w, b",                      "F.linear(x, w, b)",                                             ""),
    ("embedding",              "w, ids",                       "F.embedding(ids, w)",                                           ""),
    ("attention",              "q, k, v",                      "F.scaled_dot_product_attention(q, k, v)",                       ""),
    ("conv2d",                 "x, w",                         "F.conv2d(x, w)",                                                ""),
)
# fmt: on


def entries(dtypes: tuple[str, ...]) -> tuple[Entry, ...]:
    """Every built-in as an entry of the corpus."""
    return tuple(
        forward(op, code, f"def {op}({arguments}):\n    return {code}\n", framework, dtypes)
        for op, arguments, *codes in ROWS
        for framework, code in zip(("torch", "jax"), codes, strict=True)
        if code
    )
