"""What PyTorch calls the same as an entry of the catalogue: one row each, with inputs for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

SIZES = {"...": 3, "N": 5, "C": 4, "D": 6, "I": 3, "J": 2, "H": 7, "W": 6, "L": 5, "M": 4, "K": 3, "O": 4, "G": 2, "V": 9, "E": 3}


@dataclass(frozen=True)
class Row:
    """An op, what PyTorch calls on the same arrays, how inputs are made that are no plain normal numbers, and those to which
    PyTorch has no derivative."""

    name: str
    theirs: Callable[..., Any]
    made: dict[str, Callable[..., Any]] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{k}={v}" for k, v in self.parameters.items())])


def signs(r: Any, shape: Any) -> Any:
    """-1 or 1."""
    return np.where(r.random(shape) < 0.5, -1.0, 1.0)


def lstm(x: Any, h: Any, c: Any, w: Any, u: Any, b: Any) -> Any:
    """PyTorch's cell, with the gates' weights one below the other."""
    return torch.lstm_cell(x, (h, c), w.flatten(0, 1), u.flatten(0, 1), b.flatten(), torch.zeros_like(b.flatten()))


def gru(x: Any, h: Any, w: Any, u: Any, b: Any, c: Any) -> Any:
    """PyTorch's cell, with the gates' weights one below the other."""
    return torch.gru_cell(x, h, w.flatten(0, 1), u.flatten(0, 1), b.flatten(), c.flatten())


def masked(q: Any, k: Any, v: Any, mask: Any) -> Any:
    """Attention where the mask is positive; 0 for a query without any key."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask > 0)


def whole(r: Any, shape: Any) -> Any:
    """Small whole numbers, so that many are equal."""
    return r.integers(-3, 2, shape).astype(np.float64)


def unit(r: Any, shape: Any) -> Any:
    """Between 0 and 1."""
    return r.uniform(0.05, 0.95, shape)


def bits(r: Any, shape: Any) -> Any:
    """0 or 1."""
    return r.integers(0, 2, shape).astype(float)


def positive(r: Any, shape: Any) -> Any:
    """Above 0."""
    return r.uniform(0.2, 2, shape)


def distribution(r: Any, shape: Any) -> Any:
    """Sums to one over the last axis."""
    p = r.uniform(0.1, 1, shape)
    return p / p.sum(-1, keepdims=True)


def log_distribution(r: Any, shape: Any) -> Any:
    """Logarithms of a distribution."""
    return np.log(distribution(r, shape))


def wide(r: Any, shape: Any) -> Any:
    """Reaches beyond the kinks at -3, 3 and 6."""
    return 4 * r.normal(size=shape)


def multi_head(x: Any, wq: Any, wk: Any, wv: Any, wo: Any) -> Any:
    """PyTorch's own multi-head attention, with the weights laid out as it wants them."""
    heads, width, size = wq.shape
    q, k, v = (w.reshape(heads * width, size) for w in (wq, wk, wv))
    result = F.multi_head_attention_forward(
        x.transpose(0, 1), x.transpose(0, 1), x.transpose(0, 1), size, heads, None, None, None, None, False, 0.0,
        wo.reshape(wo.shape[0], -1), None, use_separate_proj_weight=True, q_proj_weight=q, k_proj_weight=k, v_proj_weight=v,
    )  # fmt: skip
    return result[0].transpose(0, 1)


def loss(name: str, **keywords: Any) -> Callable[..., Any]:
    """torch.nn's loss of that name."""
    return getattr(torch.nn, name)(**keywords)


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """Batch norm in training."""
    return F.batch_norm(x, None, None, gamma, beta, training=True)


def causal(q: Any, k: Any, v: Any) -> Any:
    """Attention in which no query sees a later key."""
    mask = torch.arange(k.shape[-2])[None, :] <= torch.arange(q.shape[-2])[:, None]
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def grouped_conv(x: Any, w: Any, **keywords: Any) -> Any:
    """A grouped convolution, with groups as an axis of their own."""
    n, g, c, *rest = x.shape
    y = F.conv2d(x.reshape(n, g * c, *rest), w.reshape(-1, *w.shape[2:]), groups=g, **keywords)
    return y.reshape(n, g, -1, *y.shape[2:])


def depthwise(x: Any, w: Any, **keywords: Any) -> Any:
    """A convolution of each channel alone."""
    return F.conv2d(x, w[:, None], groups=x.shape[1], **keywords)


def noise(r: Any, shape: Any) -> Any:
    """As Gumbel's distribution has it."""
    return -np.log(-np.log(r.uniform(0.05, 0.95, shape)))


def gumbel(z: Any, g: Any) -> Any:
    """PyTorch's gumbel_softmax, which draws its noise itself, from noise that is given: minus the logarithms of exponential numbers."""
    drawn = torch.exp(-g.detach())
    with mock.patch.object(torch.Tensor, "exponential_", lambda _: drawn):
        return F.gumbel_softmax(z, 0.7)


def multilabel_margin(score: Any, target: Any) -> Any:
    """PyTorch's, whose labels are lists that end with -1."""
    lists = [[*np.flatnonzero(row), *[-1] * int((row == 0).sum())] for row in target.detach().numpy()]
    return F.multilabel_margin_loss(score, torch.tensor(np.array(lists)))


def some_left_out(r: Any, shape: Any) -> Any:
    """Labels, with PyTorch's own sign for those that do not count."""
    return np.resize([1, -100, 3, -100], shape)


def kept(r: Any, shape: Any) -> Any:
    """The mask that PyTorch's dropout takes next."""
    torch.manual_seed(3)
    return (F.dropout(torch.ones(shape, dtype=torch.float64), 0.3) != 0).double().numpy()


def dropout(x: Any, mask: Any) -> Any:
    """PyTorch's, which takes the same mask."""
    torch.manual_seed(3)
    return F.dropout(x, 0.3)


def masked_by(drop: Any) -> Any:
    """One of PyTorch's dropouts, which takes the mask that the same seed gives."""

    def theirs(x: Any, mask: Any) -> Any:
        torch.manual_seed(3)
        return drop(x, 0.3, training=True)

    return theirs


def channels(drop: Any, rank: int) -> Any:
    """The mask of whole channels that a dropout of PyTorch takes next, for so many axes after them."""

    def made(r: Any, shape: Any) -> Any:
        torch.manual_seed(3)
        return (drop(torch.ones((*shape, *[2] * rank), dtype=torch.float64), 0.3) != 0).double().numpy()[(..., *[0] * rank)]

    return made


def untouched(r: Any, shape: Any) -> Any:
    """The mask that PyTorch's alpha dropout takes next: what it leaves apart from a number of its own."""
    torch.manual_seed(3)
    return (F.alpha_dropout(torch.full(shape, 9.0, dtype=torch.float64), 0.3, training=True) > 0).double().numpy()


def slope(r: Any, shape: Any) -> Any:
    """The same everywhere."""
    return np.full(shape, 0.2)


def normal(mu: Any, logvar: Any) -> Any:
    """The normal distribution of that mean and variance."""
    return torch.distributions.Normal(mu, torch.exp(logvar / 2))


def divergence(mu: Any, logvar: Any) -> Any:
    """From the standard normal distribution."""
    standard = normal(torch.zeros_like(mu), torch.zeros_like(mu))
    return torch.distributions.kl_divergence(normal(mu, logvar), standard).sum(-1).mean()


SPD = {"stride": 2, "padding": 1, "dilation": 2}
ENDS = {"before": 2, "after": 3}
BIG = {"H": 9, "W": 8}
VOLUME = {"D": 5, "H": 6, "W": 8}
POOL = {"kernel": 3, "stride": 2, "padding": 1}
DILATED = {**POOL, "dilation": 2}

# fmt: off
REDUCED = (
    ("mse",                 "MSELoss",           {}),
    ("mae",                 "L1Loss",            {}),
    ("huber",               "HuberLoss",         {}),
    ("smooth_l1",           "SmoothL1Loss",      {}),
    ("bce",                 "BCELoss",           {"pred": unit, "target": unit}),
    ("bce_with_logits",     "BCEWithLogitsLoss", {"target": unit}),
    ("nll",                 "NLLLoss",           {}),
    ("cross_entropy",       "CrossEntropyLoss",  {}),
    ("cross_entropy_probs", "CrossEntropyLoss",  {"target": distribution}),
)
ROWS = (
    Row("sigmoid", torch.sigmoid),
    Row("tanh", torch.tanh),
    Row("relu", F.relu),
    Row("leaky_relu", F.leaky_relu),
    Row("prelu", lambda x, a: F.prelu(x.reshape(-1, 4), a)),
    Row("elu", F.elu),
    Row("elu", lambda x: F.elu(x, 0.7), parameters={"alpha": 0.7}),
    Row("gelu", F.gelu),
    Row("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
    Row("softplus", F.softplus),
    Row("silu", F.silu),
    Row("softplus", lambda x: F.softplus(x, 2.5), parameters={"beta": 2.5}),
    Row("softmax", lambda z: F.softmax(z, -1)),
    Row("log_softmax", lambda z: F.log_softmax(z, -1)),
    Row("softmin", lambda z: F.softmin(z, -1)),
    Row("logsigmoid", F.logsigmoid),
    Row("mish", F.mish),
    Row("tanhshrink", F.tanhshrink),
    Row("softsign", F.softsign),
    Row("celu", lambda x: F.celu(x, 2.0), parameters={"alpha": 2.0}),
    Row("swish", lambda x, b: x * torch.sigmoid(b * x)),
    Row("relu6", F.relu6, {"x": wide}),
    Row("hardtanh", F.hardtanh),
    Row("hardsigmoid", lambda x: F.relu6(x + 3) / 6, {"x": wide}),
    Row("hardswish", F.hardswish, {"x": wide}),
    Row("hardshrink", F.hardshrink),
    Row("softshrink", F.softshrink),
    Row("threshold", lambda x: F.threshold(x, 0.3, -2.0), parameters={"limit": 0.3, "value": -2.0}),
    Row("logsumexp", lambda z: torch.logsumexp(z, -1)),
    Row("logcumsumexp", lambda x: torch.logcumsumexp(x, -1)),
    Row("cumsum", lambda x: torch.cumsum(x, -1)),
    Row("log1mexp", lambda x: torch.log(-torch.expm1(-x)), {"x": positive}),
    Row("swiglu", lambda a, x: F.silu(a) * x),
    Row("geglu", lambda a, x: F.gelu(a) * x),
    Row("reglu", lambda a, x: F.relu(a) * x),
    Row("mse", loss("MSELoss")),
    Row("mae", loss("L1Loss")),
    Row("huber", loss("HuberLoss", delta=0.7), parameters={"delta": 0.7}),
    Row("smooth_l1", loss("SmoothL1Loss", beta=0.6), parameters={"beta": 0.6}),
    Row("bce", loss("BCELoss"), {"pred": unit, "target": unit}),
    Row("bce_with_logits", loss("BCEWithLogitsLoss"), {"target": unit}),
    Row("bce_with_logits_weighted", lambda z, t, w: F.binary_cross_entropy_with_logits(z, t, pos_weight=w.detach()),
        {"target": unit, "pos_weight": positive}, fixed=("pos_weight",)),
    Row("nll", loss("NLLLoss")),
    Row("cross_entropy", loss("CrossEntropyLoss")),
    Row("cross_entropy_probs", loss("CrossEntropyLoss"), {"target": distribution}),
    Row("cross_entropy_smoothed", loss("CrossEntropyLoss", label_smoothing=0.2), parameters={"smoothing": 0.2}),
    Row("cross_entropy_weighted", lambda z, t, w: F.cross_entropy(z, t, weight=w.detach()), {"weight": positive}, fixed=("weight",)),
    Row("cross_entropy_ignore", loss("CrossEntropyLoss", ignore_index=2), parameters={"ignore_index": 2}),
    Row("cross_entropy_ignore", loss("CrossEntropyLoss"), {"label": some_left_out}),
    Row("kl_div", loss("KLDivLoss", reduction="batchmean"), {"logp": log_distribution, "target": distribution}),
    Row("kl_div_log_target", loss("KLDivLoss", reduction="batchmean", log_target=True),
        {"logp": log_distribution, "log_target": log_distribution}),
    Row("poisson_nll", loss("PoissonNLLLoss"), {"count": positive}),
    Row("gaussian_nll", loss("GaussianNLLLoss"), {"var": positive}),
    Row("soft_margin", lambda x, t: F.soft_margin_loss(x, t.detach()), {"target": signs}, fixed=("target",)),
    Row("multilabel_soft_margin", loss("MultiLabelSoftMarginLoss"), {"target": bits}),
    Row("multi_margin", loss("MultiMarginLoss")),
    Row("hinge_embedding", loss("HingeEmbeddingLoss"), {"target": signs}, fixed=("target",)),
    Row("margin_ranking", loss("MarginRankingLoss", margin=0.3), {"target": signs}, {"margin": 0.3}),
    Row("triplet_margin", loss("TripletMarginLoss")),
    Row("cosine_similarity", F.cosine_similarity),
    Row("cosine_embedding", loss("CosineEmbeddingLoss", margin=0.1), {"target": signs}, {"margin": 0.1}, fixed=("target",)),
    Row("batch_norm_train", batch_norm),
    Row("batch_norm_train_2d", batch_norm),
    Row("batch_norm_infer", lambda x, g, b, m, v: F.batch_norm(x, m.detach(), v.detach(), g, b), {"var": positive}, fixed=("mu", "var")),
    Row("batch_norm_infer_2d", lambda x, g, b, m, v: F.batch_norm(x, m.detach(), v.detach(), g, b), {"var": positive}, fixed=("mu", "var")),
    Row("layer_norm", lambda x, g, b: F.layer_norm(x, (6,), g, b)),
    Row("rms_norm", lambda x, g: F.rms_norm(x, (6,), g, 1e-5)),
    Row("instance_norm", lambda x, g, b: F.instance_norm(x, weight=g, bias=b)),
    Row("group_norm", lambda x, g, b: F.group_norm(x.reshape(5, 8, 7, 6), 2, g.reshape(-1), b.reshape(-1)).reshape(x.shape)),
    Row("local_response_norm", lambda x: F.local_response_norm(x, 4, 0.3, 0.8, 1.5), sizes={"C": 7},
        parameters={"width": 4, "alpha": 0.3, "beta": 0.8, "k": 1.5}),
    Row("l2_normalize", lambda x: F.normalize(x, dim=-1)),
    Row("weight_norm", lambda v, s: torch._weight_norm(v, s[:, None])),
    Row("linear", F.linear),
    Row("matmul", torch.matmul),
    Row("bilinear", lambda a, w, b, c: F.bilinear(a, b, w, c)),
    Row("embedding", lambda w, ids: F.embedding(ids, w)),
    Row("embedding_bag", lambda w, ids: F.embedding_bag(ids, w)),
    Row("gather", lambda x, i: torch.gather(x, 1, i[:, None])[:, 0]),
    Row("scatter_add", lambda x, i, u: x.index_add(0, i, u)),
    Row("attention", F.scaled_dot_product_attention),
    Row("attention_causal", causal),
    Row("multi_head_attention", multi_head, sizes={"H": 2, "D": 2, "O": 4}),
    Row("lstm_cell", lstm, sizes={"G": 4, "J": 7}),
    Row("gru_cell", gru, sizes={"G": 3, "H'": 7}),
    Row("attention_masked", masked, made={"mask": signs}, fixed=("mask",)),
    Row("attention_bias", lambda q, k, v, bias: F.scaled_dot_product_attention(q, k, v, attn_mask=bias)),
    Row("rnn_cell", lambda x, h, w, u, b: torch.rnn_tanh_cell(x, h, w, u, b, torch.zeros_like(b)), sizes={"J": 7}),
    Row("conv1d", lambda x, w: F.conv1d(x, w, **SPD), parameters=SPD, sizes={"L": 11}),
    Row("conv2d", lambda x, w: F.conv2d(x, w, **SPD), parameters=SPD, sizes=BIG),
    Row("conv2d_bias", lambda x, w, b: F.conv2d(x, w, b, **SPD), parameters=SPD, sizes=BIG),
    Row("conv2d_grouped", lambda x, w: grouped_conv(x, w, **SPD), parameters=SPD, sizes=BIG),
    Row("conv2d_depthwise", lambda x, w: depthwise(x, w, **SPD), parameters=SPD, sizes=BIG),
    Row("conv2d_pointwise", lambda x, w: F.conv2d(x, w[:, :, None, None])),
    Row("conv2d_separable", lambda x, d, p: F.conv2d(depthwise(x, d, stride=2, padding=1), p[:, :, None, None]),
        parameters={"stride": 2, "padding": 1}),
    Row("conv2d_same", lambda x, w: F.conv2d(x, w, padding="same"), sizes={"I": 3, "J": 5}),
    Row("conv1d_causal", lambda x, w: F.conv1d(F.pad(x, (4, 0)), w, dilation=2), parameters={"dilation": 2}),
    Row("glu", F.glu, sizes={"C": 6}),
    Row("concat", lambda a, b: torch.cat([a, b], -1), sizes={"C": 4, "D": 3}),
    Row("conv_transpose1d", lambda x, w: F.conv_transpose1d(x, w, output_padding=1, **SPD), parameters={**SPD, "output_padding": 1}),
    Row("avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, 1), parameters={"kernel": 3, "stride": 2, "padding": 1}, sizes=BIG),
    Row("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1), parameters=POOL, sizes={"L": 8}),
    Row("avg_pool3d", lambda x: F.avg_pool3d(x, 3, 2, 1), parameters=POOL, sizes=VOLUME),
    Row("l2_pool1d", lambda x: F.lp_pool1d(x, 2.0, 3, 2), parameters={"kernel": 3, "stride": 2}, sizes={"L": 8}),
    Row("l2_pool2d", lambda x: F.lp_pool2d(x, 2.0, 3, 2), parameters={"kernel": 3, "stride": 2}, sizes=BIG),
    Row("l2_pool3d", lambda x: F.lp_pool3d(x, 2.0, 3, 2), parameters={"kernel": 3, "stride": 2}, sizes=VOLUME),
    Row("avg_pool2d_inside", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), parameters=POOL, sizes=BIG),
    Row("avg_pool2d_ceil", lambda x: F.avg_pool2d(x, 3, 3, 1, ceil_mode=True), parameters={**POOL, "stride": 3}, sizes={"H": 9, "W": 12}),
    Row("max_pool1d", lambda x: F.max_pool1d(x, 3, 2, 1, 2), parameters=DILATED, sizes={"L": 11}),
    Row("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1, 2), parameters=DILATED, sizes={"H": 9, "W": 12}),
    Row("max_pool2d", lambda x: F.max_pool2d(x, 2, 2, 1), {"x": whole}, {"padding": 1}, sizes={"H": 5, "W": 8}),
    Row("max_pool3d", lambda x: F.max_pool3d(x, 3, 2, 1), {"x": whole}, POOL, sizes=VOLUME),
    Row("max_pool2d_ceil", lambda x: F.max_pool2d(x, 3, 3, 1, ceil_mode=True), {"x": whole}, {**POOL, "stride": 3},
        sizes={"H": 9, "W": 12}),
    Row("global_max_pool", lambda x: torch.amax(x, (2, 3))),
    Row("adaptive_max_pool1d", lambda x: F.adaptive_max_pool1d(x, 3), parameters={"outputs": 3}, sizes={"L": 7}),
    Row("conv3d", lambda x, w: F.conv3d(x, w, **SPD), parameters=SPD, sizes=VOLUME),
    Row("conv2d_padded", lambda x, w: F.conv2d(F.pad(x, (3, 0, 1, 2)), w, stride=2),
        parameters={"top": 1, "bottom": 2, "left": 3, "right": 0, "stride": 2}, sizes=BIG),
    Row("conv2d_groups", lambda x, w: F.conv2d(x, w, groups=2, **SPD), parameters={**SPD, "groups": 2},
        sizes={**BIG, "C": 6, "D": 3, "O": 4}),
    Row("conv_transpose2d", lambda x, w: F.conv_transpose2d(x, w, output_padding=1, **SPD), parameters={**SPD, "output_padding": 1}),
    Row("conv_transpose3d", lambda x, w: F.conv_transpose3d(x, w, output_padding=1, **SPD), parameters={**SPD, "output_padding": 1},
        sizes={"N": 2, "C": 2, "O": 3, "D": 3, "H": 2, "W": 4, "I": 2, "J": 3, "K": 2}),
    Row("group_norm_channels", lambda x, g, b: F.group_norm(x, 3, g, b), parameters={"groups": 3}, sizes={"C": 6}),
    Row("upsample_nearest", lambda x: F.interpolate(x, scale_factor=3), parameters={"scale": 3}),
    Row("upsample_bilinear", lambda x: F.interpolate(x, scale_factor=3, mode="bilinear"), parameters={"scale": 3}),
    Row("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (3, 2)), {"x": whole}, {"high": 3, "wide": 2}, sizes={"H": 7, "W": 5}),
    Row("adaptive_avg_pool3d", lambda x: F.adaptive_avg_pool3d(x, (3, 2, 1)), parameters={"deep": 3, "high": 2, "wide": 1},
        sizes={"D": 4, "H": 7, "W": 5}),
    Row("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 2)), parameters={"high": 3, "wide": 2}, sizes={"H": 7, "W": 5}),
    Row("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 3), parameters={"outputs": 3}, sizes={"L": 7}),
    Row("upsample_nearest1d", lambda x: F.interpolate(x, scale_factor=3), parameters={"scale": 3}),
    Row("upsample_linear1d", lambda x: F.interpolate(x, scale_factor=3, mode="linear"), parameters={"scale": 3}),
    Row("pixel_shuffle", lambda x: F.pixel_shuffle(x, 2), sizes={"C": 8}),
    Row("pixel_unshuffle", lambda x: F.pixel_unshuffle(x, 2), sizes={"H": 4, "W": 6}),
    Row("channel_shuffle", lambda x: F.channel_shuffle(x, 3), parameters={"groups": 3}, sizes={"C": 6}),
    Row("pad_constant", lambda x: F.pad(x, (2, 3), value=1.5), parameters={"before": 2, "after": 3, "value": 1.5}),
    Row("pad_replicate", lambda x: F.pad(x, (2, 3), "replicate"), parameters=ENDS),
    Row("pad_reflect", lambda x: F.pad(x, (2, 3), "reflect"), parameters=ENDS),
    Row("pad_circular", lambda x: F.pad(x, (2, 3), "circular"), parameters=ENDS),
    Row("unfold", lambda x: F.unfold(x, 3, 2, 1, 2).unflatten(1, (4, 3, 3)).unflatten(-1, (3, 3)), parameters={**SPD, "kernel": 3},
        sizes={"H": 7, "W": 8}),
    Row("fold", lambda x: F.fold(x.flatten(4).flatten(1, 3), (7, 8), 3, 2, 1, 2), parameters={**SPD, "high": 7, "wide": 8},
        sizes={"I": 3, "J": 3, "P": 3, "Q": 3}),
    Row("conv_tbc", lambda x, w, b: torch.conv_tbc(x, w, b, 1), parameters={"padding": 1}, sizes={"T": 6, "B": 2}),
    Row("adaptive_max_pool3d", lambda x: F.adaptive_max_pool3d(x, (3, 2, 1)), {"x": whole}, {"deep": 3, "high": 2, "wide": 1},
        sizes={"D": 4, "H": 7, "W": 5}),
    Row("global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0]),
    Row("identity", torch.nn.Identity()),
    Row("exponential", torch.exp),
    Row("logit", torch.logit, {"p": unit}),
    Row("selu", F.selu),
    Row("rrelu", lambda x, _: F.rrelu(x, 0.2, 0.2, training=True), {"slope": slope}, fixed=("slope",)),
    Row("gumbel_softmax", gumbel, {"noise": noise}, {"temperature": 0.7}, fixed=("noise",)),
    Row("dropout", dropout, {"mask": kept}, {"rate": 0.3}, fixed=("mask",)),
    Row("dropout1d", masked_by(F.dropout1d), {"mask": channels(F.dropout1d, 1)}, {"rate": 0.3}, fixed=("mask",)),
    Row("dropout2d", masked_by(F.dropout2d), {"mask": channels(F.dropout2d, 2)}, {"rate": 0.3}, fixed=("mask",)),
    Row("dropout3d", masked_by(F.dropout3d), {"mask": channels(F.dropout3d, 3)}, {"rate": 0.3}, fixed=("mask",)),
    Row("alpha_dropout", masked_by(F.alpha_dropout), {"mask": untouched}, {"rate": 0.3}, fixed=("mask",)),
    Row("feature_alpha_dropout", masked_by(F.feature_alpha_dropout), {"mask": channels(F.dropout1d, 1)}, {"rate": 0.3}, fixed=("mask",)),
    Row("maxout", lambda x: torch.amax(x, -1)),
    Row("add", torch.add),
    Row("multiply", torch.mul),
    Row("bias_add", torch.add),
    Row("outer", lambda a, b: a[..., :, None] * b[..., None, :]),
    Row("sum", lambda x: torch.sum(x, -1)),
    Row("mean", lambda x: torch.mean(x, -1)),
    Row("max", lambda x: torch.max(x, -1).values),
    Row("min", lambda x: torch.min(x, -1).values),
    Row("amax", lambda x: torch.amax(x, -1)),
    Row("norm", lambda x: torch.linalg.vector_norm(x, dim=-1)),
    Row("pairwise_distance", lambda a, b: F.pairwise_distance(a, b, eps=0)),
    Row("clip_by_value", lambda x: torch.clamp(x, -0.6, 0.6), parameters={"limit": 0.6}),
    Row("standardize", lambda x: F.layer_norm(x, (6,))),
    Row("rms_norm_offset", lambda x, g: F.rms_norm(x, (6,), 1 + g, 1e-6)),
    Row("embedding_sum", lambda w, ids: F.embedding_bag(ids, w, mode="sum")),
    Row("attention_scaled", lambda q, k, v: F.scaled_dot_product_attention(q, k, v, scale=0.3), parameters={"scale": 0.3}),
    Row("gaussian_kl", divergence),
    Row("bce_clamped", loss("BCELoss"), {"pred": unit, "target": unit}),
    Row("multilabel_margin", multilabel_margin, {"target": bits}, fixed=("target",)),
    Row("linear_cross_entropy", F.linear_cross_entropy),
    *(Row(f"{ours}_{how}", loss(theirs, reduction=how), made) for ours, theirs, made in REDUCED for how in ("sum", "none")),
)
# fmt: on
