"""Facts about papers and other programs that the known networks' claims need: what they count, and how they compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from derive.network import Input, Layer, Network, layer, receptive_field
from derive.network.windows import Along

Claims = Iterator[tuple[str, Any, Any]]


def fcn_head(channels: int, classes: int) -> int:
    """The parameters of an auxiliary head: 3x3 convolution to a quarter of the channels, batch norm, 1x1 convolution."""
    inner = channels // 4
    layers = (
        layer("a", "conv", kernel=3, cout=inner, ndim=2),
        layer("b", "bn", "a", ndim=2),
        layer("c", "conv", "b", kernel=1, cout=classes, bias=True, ndim=2),
    )
    return int(receptive_field(Network(layers, 2, (Input("input", channels),))).total.params)


def direct(each: Layer, size: int, said: dict[str, int]) -> dict[str, int]:
    """The direct convolution that a transposed one equals: over the stretched input, padded by what the window leaves."""
    at = Along(each, 0)
    pad = each.padding[0]
    assert not isinstance(pad, str)
    ours = {"k": at.kernel, "s": 1, "p": at.span - 1 - pad[0]}
    stretched = (size - 1) * at.stride + 1
    ours |= {"i": stretched, "i_stretched": stretched, "a": at.extra}
    return {key: ours[key] for key in said}


def onnx_inference(each: Layer, size: tuple[int, ...], raw: dict[str, Any]) -> list[int]:
    """onnx 1.23.2's shape inference of pooling: division that truncates, and ceil mode whatever the padding."""
    ceil = raw.get("onnx_attributes", {}).get("ceil_mode", 0)
    at = [Along(each, n) for n in range(len(size))]
    room = [(s - a.span + (a.stride - 1 if ceil else 0)) / a.stride for s, a in zip(size, at, strict=True)]
    return [math.trunc(r) + 1 for r in room]


def darts(length: int, kernel: int, base: int) -> int:
    """The number of blocks by a formula in circulation, in floating point."""
    return math.ceil(math.log((length - 1) * (base - 1) / (kernel - 1) / 2 + 1, base))


def lenet5_1998(said: dict[str, Any]) -> Claims:
    """LeNet-5 as printed: trainable subsampling, and 60 of the 96 kernels in C3."""
    outputs = {"C1": 6 * 28 * 28, "S2": 6 * 14 * 14, "C3": 16 * 10 * 10, "S4": 16 * 5 * 5, "C5": 120, "F6": 84}
    kernels = 6 * 3 + 6 * 4 + 3 * 4 + 1 * 6
    params = {"C1": 6 * 25 + 6, "S2": 6 * 2, "C3": kernels * 25 + 16, "S4": 16 * 2, "C5": 120 * 400 + 120, "F6": 84 * 120 + 84}
    places = {name: outputs[name] // maps for name, maps in (("C1", 6), ("C3", 16), ("C5", 120), ("F6", 84))}
    connections = {name: params[name] * places[name] for name in places}
    connections |= {name: outputs[name] * (2 * 2 + 1) for name in ("S2", "S4")}
    yield "params", said["params"], sum(params.values())
    yield "per_layer_params", said["per_layer_params"], params
    yield "connections", said["connections"], connections


# channels in, then 1x1, 3x3 reduced, 3x3, 5x5 reduced, 5x5, pooled (Szegedy et al. 2015, Table 1), and the size
# fmt: off
INCEPTIONS = {
    "3a": (192,  64,  96, 128, 16,  32,  32, 28),
    "3b": (256, 128, 128, 192, 32,  96,  64, 28),
    "4a": (480, 192,  96, 208, 16,  48,  64, 14),
    "4b": (512, 160, 112, 224, 24,  64,  64, 14),
    "4c": (512, 128, 128, 256, 24,  64,  64, 14),
    "4d": (512, 112, 144, 288, 32,  64,  64, 14),
    "4e": (528, 256, 160, 320, 32, 128, 128, 14),
    "5a": (832, 256, 160, 320, 32, 128, 128,  7),
    "5b": (832, 384, 192, 384, 48, 128, 128,  7),
}
# fmt: on


def inception(cin: int, a: int, b1: int, b2: int, c1: int, c2: int, d: int, size: int) -> Network:
    """An inception module with four branches."""
    rows = (("a", "input", 1, a), ("b1", "input", 1, b1), ("b", "b1", 3, b2), ("c1", "input", 1, c1), ("c", "c1", 5, c2))
    convs = [layer(n, "conv", i, kernel=k, padding=k // 2, cout=o, bias=True, ndim=2) for n, i, k, o in rows]
    pool = layer("p", "max_pool", kernel=3, stride=1, padding=1, ndim=2)
    last = layer("d", "conv", "p", kernel=1, cout=d, bias=True, ndim=2)
    joined = layer("all", "concat", ("a", "b", "c", "d"), ndim=2)
    return Network((*convs, pool, last, joined), 2, (Input("input", cin, (size, size)),))


def googlenet(said: dict[str, Any]) -> Claims:
    """Each module of GoogLeNet; where the printed figures follow from the printed channels, and where they do not."""
    totals = {name: receptive_field(inception(*row)).total for name, row in INCEPTIONS.items()}
    yield "exact_macs", said["exact_macs"], {n: t.macs for n, t in totals.items()}
    yield "exact_params_incl_bias", said["exact_params_incl_bias"], {n: t.params for n, t in totals.items()}
    follows = {n for n, m in said["paper_ops_M"].items() if round(totals[n].macs / 1e6) in (m - 1, m, m + 1)}
    yield "paper_ops_M follows, but for 5a", set(INCEPTIONS) - {"5a"}, follows
    thousands = {n for n, k in said["paper_params_K"].items() if abs(totals[n].params / 1024 - k) < 1}
    yield "paper_params_K follows for 3a and 3b", {"3a", "3b"}, thousands


def conventions(said: dict[str, Any]) -> Claims:
    """Totals that differ by what is counted: biases of convolutions in front of a batch norm, and running statistics."""
    r, channels = said["resnet50"], 26_560
    yield "resnet50: biases and statistics", r["keras_total"], r["torchvision"] + channels + 2 * channels
    m, channels = said["mobilenet_v1_224"], 10_944
    yield "mobilenet_v1: batch norm and classifier", m["keras_trainable"], m["slim_conv_weights_only"] + 2 * channels + 1024 * 1000 + 1000
    yield "mobilenet_v1: statistics", m["keras_total"], m["keras_trainable"] + 2 * channels
    i, channels = said["inception_v3"], 17_216
    yield "inception_v3: no gain", i["keras_trainable"], i["torchvision_no_aux"] - channels
    yield "inception_v3: statistics", i["keras_total"], i["keras_trainable"] + 2 * channels


WITHOUT_LAYERS: dict[str, Callable[[dict[str, Any]], Claims]] = {
    "lenet5_1998": lenet5_1998,
    "googlenet_paper_table1_claims": googlenet,
    "counting_conventions": conventions,
}
