"""How torch's functions, methods and modules are called, and what their arguments are called: names only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

RENAMED: Mapping[str, str] = {
    **{f"i{name}": name for name in ("add", "sub", "mul", "truediv")},
    "truediv": "div",
    "itruediv": "div",
    "concatenate": "cat",
}

# fmt: off
SIGNATURES: Mapping[str, str] = {
    "conv":                 "input weight bias stride padding dilation groups",
    "conv_transpose":       "input weight bias stride padding output_padding groups dilation",
    "max_pool":             "input kernel_size stride padding dilation ceil_mode return_indices",
    "avg_pool":             "input kernel_size stride padding ceil_mode",
    "lp_pool":              "input norm_type kernel_size stride ceil_mode",
    "max_unpool":           "input indices kernel_size stride padding output_size",
    "adaptive_avg_pool":    "input output_size",
    "adaptive_max_pool":    "input output_size return_indices",
    "interpolate":          "input size scale_factor mode align_corners recompute_scale_factor antialias",
    "upsample":             "input size scale_factor mode align_corners",
    "pixel_shuffle":        "input upscale_factor",
    "pixel_unshuffle":      "input downscale_factor",
    "pad":                  "input pad mode value",
    "cat":                  "tensors dim",
    "batch_norm":           "input running_mean running_var weight bias",
    "instance_norm":        "input running_mean running_var weight bias",
    "group_norm":           "input num_groups weight bias",
    "layer_norm":           "input normalized_shape weight bias",
    "linear":               "input weight bias",
    "prelu":                "input weight",
    "softmax":              "input dim",
    "glu":                  "input dim",
    "flatten":              "input start_dim end_dim",
    "permute":              "input dims",
    "transpose":            "input dim0 dim1",
    "mean":                 "input dim keepdim",
    "squeeze":              "input dim",
    "narrow":               "input dim start length",
    "slice":                "input dim start end step",
    "chunk":                "input chunks dim",
    "split":                "input split_size dim",
    "add":                  "input other",
}

MODULES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    # class                   function       arguments that the module has under another name
    "ReLU6":                  ("relu6",      {}),
    "PReLU":                  ("prelu",      {}),
    "SiLU":                   ("silu",       {}),
    "GELU":                   ("gelu",       {}),
    "CELU":                   ("celu",       {}),
    "SELU":                   ("selu",       {}),
    "ELU":                    ("elu",        {}),
    "GLU":                    ("glu",        {}),
    "RReLU":                  ("rrelu",      {}),
    "ReLU":                   ("relu",       {}),
    "LogSigmoid":             ("logsigmoid", {}),
    "LPPool":                 ("lp_pool",    {}),
    "Upsample":               ("interpolate", {}),
    "UpsamplingNearest":      ("interpolate", {}),
    "UpsamplingBilinear":     ("interpolate", {}),
    "SyncBatchNorm":          ("batch_norm", {}),
    **dict.fromkeys(("ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad"), ("pad", {"pad": "padding"})),
    "Softmax":                ("softmax",    {}),
    "LogSoftmax":             ("softmax",    {}),
    "Softmax2d":              ("relu",       {}),  # over channels, whatever its dim
    "Dropout":                ("dropout",    {}),
}
# fmt: on


def plain(name: str) -> str:
    """A function's name without the number of axes and without the mark of working in place."""
    return re.sub(r"[123]d$", "", name).rstrip("_") or name


def function_of(module: str) -> tuple[str, Mapping[str, str]]:
    """The function that a class of torch.nn calls, and what its arguments are called in the module."""
    short = re.sub(r"^Lazy|[123]d$", "", module)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", short).lower()
    return MODULES.get(module) or MODULES.get(short) or (words, {})


def arguments(op: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name."""
    named = dict(zip(SIGNATURES.get(op, "input other").split(), args, strict=False))
    for key, value in kwargs.items():
        named[{"self": "input", "axis": "dim", "x": "input"}.get(key, key)] = value
    return named
