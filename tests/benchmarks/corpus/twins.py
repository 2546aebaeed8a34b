"""The same ops as PyTorch has them, and the inputs that one would test each with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers well inside (0, 1)."""
    return rng.uniform(0.05, 0.95, shape)


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers well above zero."""
    return rng.uniform(0.2, 2, shape)


def simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Probabilities along the last axis."""
    p = rng.uniform(0.1, 1, shape)
    return p / p.sum(-1, keepdims=True)


def log_simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Logarithms of probabilities along the last axis."""
    return np.log(simplex(rng, shape))


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Labels -1 and 1."""
    return rng.choice([-1.0, 1.0], shape)


def bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of 0 and 1."""
    return rng.integers(0, 2, shape).astype(float)


TYPICAL: dict[tuple[str, str], Draw] = {
    ("bce_with_logits", "target"): unit,
    ("nll", "logp"): log_simplex,
    ("cross_entropy_probs", "target"): simplex,
    ("batch_norm_infer", "var"): positive,
    ("adam", "v"): positive,
    ("adamw", "v"): positive,
    ("rmsprop", "v"): positive,
    ("adagrad", "total"): positive,
    ("bce", "pred"): unit,
    ("bce", "target"): unit,
    ("gaussian_nll", "var"): positive,
    ("kl_div", "logp"): log_simplex,
    ("kl_div", "target"): simplex,
    ("cross_entropy_weighted", "weight"): positive,
    ("hinge", "target"): signs,
    ("soft_margin", "target"): signs,
    ("dropout", "mask"): bits,
}


def twins() -> dict[str, Callable[..., Any]]:
    """PyTorch's own version of each op that it has, with the op's signature."""
    import torch
    import torch.nn.functional as F

    def batch_norm_train(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
        return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)

    def batch_norm_infer(x: Any, gamma: Any, beta: Any, mu: Any, var: Any, eps: float = 1e-5) -> Any:
        return F.batch_norm(x, mu.detach(), var.detach(), gamma, beta, training=False, eps=eps)

    # fmt: off
    return {
        "sigmoid":             torch.sigmoid,
        "tanh":                torch.tanh,
        "relu":                F.relu,
        "leaky_relu":          F.leaky_relu,
        "prelu":               lambda x, slope: F.prelu(x.reshape(-1, x.shape[-1]), slope).reshape(x.shape),
        "elu":                 F.elu,
        "gelu":                F.gelu,
        "gelu_tanh":           lambda x: F.gelu(x, approximate="tanh"),
        "softplus":            F.softplus,
        "silu":                F.silu,
        "softmax":             lambda z: torch.softmax(z, -1),
        "log_softmax":         lambda z: torch.log_softmax(z, -1),
        "mse":                 F.mse_loss,
        "mae":                 F.l1_loss,
        "huber":               F.huber_loss,
        "smooth_l1":           F.smooth_l1_loss,
        "bce_with_logits":     F.binary_cross_entropy_with_logits,
        "nll":                 F.nll_loss,
        "cross_entropy":       F.cross_entropy,
        "cross_entropy_probs": F.cross_entropy,
        "batch_norm_train":    batch_norm_train,
        "batch_norm_infer":    batch_norm_infer,
        "layer_norm":          lambda x, gamma, beta: F.layer_norm(x, x.shape[-1:], gamma, beta),
        "rms_norm":            lambda x, gamma: F.rms_norm(x, x.shape[-1:], gamma, 1e-5),
        "linear":              F.linear,
        "embedding":           lambda w, ids: F.embedding(ids, w),
        "mish":                F.mish,
        "logsigmoid":          F.logsigmoid,
        "softsign":            F.softsign,
        "tanhshrink":          F.tanhshrink,
        "hardtanh":            lambda x, low, high: F.hardtanh(x, low, high),
        "hardswish":           F.hardswish,
        "hardsigmoid":         F.hardsigmoid,
        "softshrink":          F.softshrink,
        "logsumexp":           lambda z: torch.logsumexp(z, -1),
        "poisson_nll":         lambda log_rate, count: F.poisson_nll_loss(log_rate, count),
        "bce":                 F.binary_cross_entropy,
        "kl_div":              lambda logp, target: F.kl_div(logp, target, reduction="batchmean"),
        "cross_entropy_smoothed": lambda logits, label: F.cross_entropy(logits, label, label_smoothing=0.1),
        "cross_entropy_ignore": lambda logits, label: F.cross_entropy(logits, label),
        "cross_entropy_weighted": lambda logits, label, weight: F.cross_entropy(logits, label, weight=weight.detach()),
        "soft_margin":         lambda pred, target: F.soft_margin_loss(pred, target.detach()),
        "multi_margin":        F.multi_margin_loss,
        "instance_norm":       lambda x, gamma, beta: F.instance_norm(x, weight=gamma, bias=beta),
        "swiglu":              lambda gate, x: F.silu(gate) * x,
        "attention":           F.scaled_dot_product_attention,
        "conv2d":              F.conv2d,
    }
    # fmt: on
