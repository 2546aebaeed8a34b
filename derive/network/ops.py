"""Other names of ops and settings, as layer lists and frameworks write them; and names of functions that act on each element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_POINTWISE = """
    pointwise activation relu relu6 leaky_relu prelu elu selu celu gelu silu swish mish hardswish hard_swish hardsigmoid hard_sigmoid
    hardtanh sigmoid tanh softplus softsign softmax log_softmax dropout dropout1d dropout2d dropout3d alpha_dropout drop_path
    stochastic_depth identity noop clip clamp exp log sqrt abs neg channel_shuffle lrn local_response_norm
"""

# fmt: off
ALIASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # name                   op                    settings it implies
    **{name: ("pointwise", {}) for name in _POINTWISE.split()},
    "convolution":          ("conv",               {}),
    "conv1d":               ("conv",               {"ndim": 1}),
    "conv2d":               ("conv",               {"ndim": 2}),
    "conv3d":               ("conv",               {"ndim": 3}),
    "causal_conv":          ("conv",               {"padding": "causal"}),
    "causal_conv1d":        ("conv",               {"padding": "causal", "ndim": 1}),
    "deconv":               ("conv_transpose",     {}),
    "transposed_conv":      ("conv_transpose",     {}),
    "conv_transpose1d":     ("conv_transpose",     {"ndim": 1}),
    "conv_transpose2d":     ("conv_transpose",     {"ndim": 2}),
    "conv_transpose3d":     ("conv_transpose",     {"ndim": 3}),
    "pool":                 ("max_pool",           {}),
    "maxpool":              ("max_pool",           {}),
    "max_pool1d":           ("max_pool",           {"ndim": 1}),
    "max_pool2d":           ("max_pool",           {"ndim": 2}),
    "max_pool3d":           ("max_pool",           {"ndim": 3}),
    "avgpool":              ("avg_pool",           {}),
    "average_pool":         ("avg_pool",           {}),
    "mean_pool":            ("avg_pool",           {}),
    "avg_pool1d":           ("avg_pool",           {"ndim": 1}),
    "avg_pool2d":           ("avg_pool",           {"ndim": 2}),
    "avg_pool3d":           ("avg_pool",           {"ndim": 3}),
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
