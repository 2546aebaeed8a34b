"""What torch's functions mean as layers: one row per function, reached from modules, functions, methods and ATen ops alike."""

from __future__ import annotations

from collections.abc import Mapping

from derive.network.torch_call import Rule
from derive.network.torch_pointwise import arithmetic, batch_norm, glu, linear, norm, pointwise, prelu, same, softmax
from derive.network.torch_shapes import concat, flatten, item, narrow, parts, permute, reduce, reshape, slice_, squeeze, transpose
from derive.network.torch_windows import adaptive, conv, conv_transpose, interpolate, pad, pool, shuffle, unpool, upsample

NOTHING = """
identity dropout alpha_dropout feature_dropout feature_alpha_dropout contiguous clone detach alias to float type_as lift_fresh
"""


POINTWISE = """
relu relu6 leaky_relu rrelu elu selu celu gelu silu swish mish hardswish hardsigmoid hardtanh hardshrink softshrink tanhshrink
sigmoid logsigmoid log_sigmoid tanh softplus softsign threshold clamp clamp_min clamp_max clip exp log sqrt rsqrt abs neg pow square
sin cos erf reciprocal local_response_norm
"""


# fmt: off
RULES: Mapping[str, Rule] = {
    "conv":                 conv,
    "conv_transpose":       conv_transpose,
    "max_pool":             pool("max_pool"),
    "avg_pool":             pool("avg_pool"),
    "lp_pool":              pool("lp_pool"),
    "max_unpool":           unpool,
    "adaptive_avg_pool":    adaptive("adaptive_avg_pool"),
    "adaptive_max_pool":    adaptive("adaptive_max_pool"),
    "interpolate":          interpolate,
    "upsample":             interpolate,
    "upsample_nearest":     upsample("nearest"),
    "_upsample_nearest_exact": upsample("nearest-exact"),
    "upsample_linear":      upsample("linear"),
    "upsample_bilinear":    upsample("bilinear"),
    "upsample_trilinear":   upsample("trilinear"),
    "upsample_bicubic":     upsample("bicubic"),
    "pixel_shuffle":        shuffle("depth_to_space", "upscale_factor"),
    "pixel_unshuffle":      shuffle("space_to_depth", "downscale_factor"),
    "pad":                  pad,
    "constant_pad_nd":      pad,
    "getitem":              item,
    "slice":                slice_,
    "narrow":               narrow,
    **dict.fromkeys(("chunk", "split", "tensor_split", "split_with_sizes"), parts),
    **dict.fromkeys(("cat", "concat"), concat),
    **dict.fromkeys(("add", "sub", "rsub", "subtract", "maximum", "minimum"), arithmetic("add")),
    **dict.fromkeys(("mul", "div", "multiply", "divide"), arithmetic("multiply")),
    "batch_norm":           batch_norm,
    **dict.fromkeys(("instance_norm", "group_norm", "layer_norm"), norm),
    "linear":               linear,
    "flatten":              flatten,
    **dict.fromkeys(("view", "reshape", "unflatten"), reshape),
    "permute":              permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), transpose),
    "squeeze":              squeeze,
    **dict.fromkeys(("mean", "sum", "amax"), reduce),
    "prelu":                prelu,
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    "glu":                  glu,
    **dict.fromkeys(NOTHING.split(), same),
    **dict.fromkeys(POINTWISE.split(), pointwise),
}
# fmt: on
