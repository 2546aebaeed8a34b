"""Other names of ops and settings, as layer lists and frameworks write them; and names of functions that act on each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.network.model import OPS

_POINTWISE = """
    pointwise activation relu relu6 leaky_relu prelu elu selu celu gelu silu swish mish hardswish hard_swish hardsigmoid hard_sigmoid
    hardtanh sigmoid tanh softplus softsign softmax log_softmax dropout alpha_dropout drop_path
    stochastic_depth identity noop clip clamp exp log sqrt abs neg channel_shuffle lrn local_response_norm
"""

# fmt: off
ALIASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # name                   op                    settings it implies
    **{name: ("pointwise", {}) for name in _POINTWISE.split()},
    "convolution":          ("conv",               {}),
    "causal_conv":          ("conv",               {"padding": "causal"}),
    "deconv":               ("conv_transpose",     {}),
    "transposed_conv":      ("conv_transpose",     {}),
    "pool":                 ("max_pool",           {}),
    "maxpool":              ("max_pool",           {}),
    "avgpool":              ("avg_pool",           {}),
    "average_pool":         ("avg_pool",           {}),
    "mean_pool":            ("avg_pool",           {}),
    "unpool":               ("max_unpool",         {}),
    "adaptive_pool":        ("adaptive_avg_pool",  {}),
    "global_avg_pool":      ("global_pool",        {}),
    "global_max_pool":      ("global_pool",        {}),
    "global_average_pool":  ("global_pool",        {}),
    "gap":                  ("global_pool",        {}),
    "upsample":             ("resize",             {}),
    "interpolate":          ("resize",             {}),
    "pixel_shuffle":        ("depth_to_space",     {}),
    "pixel_unshuffle":      ("space_to_depth",     {}),
    "zero_pad":             ("pad",                {}),
    "sum":                  ("add",                {}),
    "mul":                  ("multiply",           {}),
    "cat":                  ("concat",             {}),
    "concatenate":          ("concat",             {}),
    "se_gate":              ("gate",               {}),
    "batch_norm":           ("bn",                 {}),
    "batchnorm":            ("bn",                 {}),
    "layer_norm":           ("norm",               {}),
    "group_norm":           ("norm",               {}),
    "instance_norm":        ("norm",               {}),
    "fc":                   ("linear",             {}),
    "dense":                ("linear",             {}),
}

SETTINGS: Mapping[str, str] = {
    # short                 setting
    "k":                    "kernel",
    "kernel_size":          "kernel",
    "s":                    "stride",
    "p":                    "padding",
    "pad":                  "padding",
    "crop":                 "padding",
    "d":                    "dilation",
    "in":                   "cin",
    "in_channels":          "cin",
    "c":                    "cin",
    "out":                  "cout",
    "out_channels":         "cout",
    "size":                 "output_size",
    "scale_factor":         "scale",
    "block":                "scale",
    "ceil":                 "ceil_mode",
    "corners":              "align_corners",
}
# fmt: on


def meant(written: str) -> tuple[str, Mapping[str, Any]]:
    """The op that a name stands for, and the settings it implies; the name itself where none is known.

    >>> meant("ConvTranspose2d")
    ('conv_transpose', {'ndim': 2})
    """
    for name in (plain(written), written.lower()):
        base, axes = (name[:-2].rstrip("_"), {"ndim": int(name[-2])}) if name[-2:] in ("1d", "2d", "3d") else (name, {})
        if base in ALIASES or base in OPS:
            op, implied = ALIASES.get(base, (base, {}))
            return op, {**implied, **axes}
    return written, {}


def plain(op: str) -> str:
    """An op's name in small letters with underscores.

    >>> plain("ConvTranspose2d")
    'conv_transpose2d'
    """
    spaced = "".join(f"_{c}" if c.isupper() and i and op[i - 1].islower() else c for i, c in enumerate(op))
    return spaced.lower().replace("-", "_").replace(" ", "_")
