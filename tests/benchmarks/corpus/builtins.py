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
    ("bce_clamped",            "pred, target",                 "F.binary_cross_entropy(pred, target)",                          ""),
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
    ("prelu",                  "x, slope",                     "F.prelu(x.reshape(-1, x.shape[-1]), slope).reshape(x.shape)",                                               ""),
    ("selu",                   "x",                            "F.selu(x)",                                                     "jax.nn.selu(x)"),
    ("logit",                  "p",                            "torch.logit(p)",                                                "jax.scipy.special.logit(p)"),
    ("exponential",            "x",                            "torch.exp(x)",                                                  "jnp.exp(x)"),
    ("log1mexp",               "x",                            "",                                                              "jax.nn.log1mexp(x)"),
    ("logmeanexp",             "z",                            "",                                                              "jax.nn.logmeanexp(z, axis=-1)"),
    ("sparse_plus",            "x",                            "",                                                              "jax.nn.sparse_plus(x)"),
    ("sparse_sigmoid",         "x",                            "",                                                              "jax.nn.sparse_sigmoid(x)"),
    ("threshold",              "x, limit=0.0, value=0.0",      "F.threshold(x, limit, value)",                                  ""),
    ("glu",                    "x",                            "F.glu(x)",                                                      "jax.nn.glu(x)"),
    ("soft_margin",            "pred, target",                 "F.soft_margin_loss(pred, target)",                              ""),
    ("multilabel_soft_margin", "logits, target",               "F.multilabel_soft_margin_loss(logits, target)",                 ""),
    ("hinge_embedding",        "d, target, margin=1.0",        "F.hinge_embedding_loss(d, target, margin)",                     ""),
    ("margin_ranking",         "a, b, target, margin=0.0",     "F.margin_ranking_loss(a, b, target, margin)",                   ""),
    ("triplet_margin",         "anchor, positive, negative, margin=1.0, eps=1e-6", "F.triplet_margin_loss(anchor, positive, negative, margin, eps=eps)", ""),
    ("cross_entropy_weighted", "logits, label, weight",        "F.cross_entropy(logits, label, weight)",                        ""),
    ("cross_entropy_ignore",   "logits, label, ignore_index=0", "F.cross_entropy(logits, label, ignore_index=ignore_index)",    ""),
    ("kl_div_log_target",      "logp, log_target",             "F.kl_div(logp, log_target, reduction='batchmean', log_target=True)", ""),
    ("batch_norm_infer",       "x, gamma, beta, mu, var, eps=1e-5", "F.batch_norm(x, mu, var, gamma, beta, False, eps=eps)",    ""),
    ("instance_norm",          "x, gamma, beta, eps=1e-5",     "F.instance_norm(x, None, None, gamma, beta, eps=eps)",          ""),
    ("standardize",            "x, eps=1e-5",                  "",                                                              "jax.nn.standardize(x, epsilon=eps)"),
    ("l2_normalize",           "x, eps=1e-12",                 "F.normalize(x, dim=-1, eps=eps)",                               ""),
    ("local_response_norm",    "x, width=5, alpha=1e-4, beta=0.75, k=1.0", "F.local_response_norm(x, width, alpha, beta, k)",   ""),
    ("matmul",                 "a, b",                         "torch.matmul(a, b)",                                            "jnp.matmul(a, b)"),
    ("attention_causal",       "q, k, v",                      "F.scaled_dot_product_attention(q, k, v, is_causal=True)",       ""),
    ("avg_pool2d",             "x, kernel=2, stride=2, padding=0", "F.avg_pool2d(x, kernel, stride, padding)",                  ""),
    ("max_pool2d",             "x, kernel=2, stride=2, padding=0, dilation=1", "F.max_pool2d(x, kernel, stride, padding, dilation)", ""),
    ("pixel_shuffle",          "x, scale=2",                   "F.pixel_shuffle(x, scale)",                                     ""),
    ("upsample_linear1d",      "x, scale=2",                   "F.interpolate(x, scale_factor=scale, mode='linear')",           ""),
    ("cumsum",                 "x",                            "torch.cumsum(x, -1)",                                           "jnp.cumsum(x, -1)"),
    ("logcumsumexp",           "x",                            "torch.logcumsumexp(x, -1)",                                     "jax.lax.cumlogsumexp(x, axis=x.ndim - 1)"),
    ("max",                    "x",                            "torch.max(x, -1).values",                                       ""),
    ("amax",                   "x",                            "torch.amax(x, -1)",                                             "jnp.max(x, -1)"),
    ("norm",                   "x",                            "torch.linalg.vector_norm(x, dim=-1)",                           "jnp.linalg.norm(x, axis=-1)"),
    ("mean",                   "x",                            "torch.mean(x, -1)",                                             "jnp.mean(x, -1)"),
)
# fmt: on

# What a function does otherwise on purpose, and documents.
BY_DESIGN = {
    "F.hinge_embedding_loss(d, target, margin)": "takes targets -1 and 1 alone",
    "F.binary_cross_entropy(pred, target)": "the denominator of its gradient is at least 1e-12",
}


def entries(dtypes: tuple[str, ...]) -> tuple[Entry, ...]:
    """Every built-in as an entry of the corpus."""
    return tuple(
        forward(op, code, f"def {op}({arguments}):\n    return {code}\n", framework, dtypes)
        for op, arguments, *codes in ROWS
        for framework, code in zip(("torch", "jax"), codes, strict=True)
        if code
    )
