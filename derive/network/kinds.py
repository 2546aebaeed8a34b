"""The ops that are known, with the settings each may have, and the errors of networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive.language.errors import DeriveError, closest

Pad = tuple[int, int] | str
Whole = tuple[int, ...]

PADDINGS = ("same", "same_lower", "valid", "causal")
RESIZES = ("nearest", "nearest_exact", "linear", "cubic")


class NetworkError(DeriveError):
    """A network that has no meaning, or none at this input size; the message names the layer."""


class UnreadableNetwork(DeriveError):
    """A file, module or text that holds no network that can be read."""


@dataclass(frozen=True)
class Kind:
    """What an op takes: names of its settings, those it cannot do without, and the least and most inputs (0: any number)."""

    settings: frozenset[str]
    needs: frozenset[str] = frozenset()
    least: int = 1
    most: int = 1


def _kind(settings: str, needs: str = "", least: int = 1, most: int = 1) -> Kind:
    return Kind(frozenset(f"{settings} {needs}".split()), frozenset(needs.split()), least, most)


_WINDOW = "stride padding dilation"

# fmt: off
OPS: Mapping[str, Kind] = {
    # op                        settings it may have                                what it needs   inputs: least, most
    "conv":               _kind(f"{_WINDOW} groups cin cout bias",                 "kernel"),
    "conv_transpose":     _kind(f"{_WINDOW} groups cin cout bias output_padding",  "kernel"),
    "max_pool":           _kind(f"{_WINDOW} ceil_mode",                            "kernel"),
    "avg_pool":           _kind("stride padding ceil_mode dilation",               "kernel"),
    "lp_pool":            _kind("stride padding ceil_mode dilation",               "kernel"),
    "max_unpool":         _kind("stride padding output_size",                      "kernel"),  # output_size chooses among those possible
    "adaptive_avg_pool":  _kind("",                                                "output_size"),
    "adaptive_max_pool":  _kind("",                                                "output_size"),
    "global_pool":        _kind(""),                                                           # max or mean over all positions
    "resize":             _kind("scale output_size mode align_corners"),                       # torch's interpolate and Upsample
    "depth_to_space":     _kind("",                                                "scale"),   # pixel shuffle: channels become positions
    "space_to_depth":     _kind("",                                                "scale"),   # pixel unshuffle
    "pad":                _kind("",                                                "padding"), # any filling; negative: crop
    "crop":               _kind("padding output_size",                             "", 1, 2),  # amounts >= 0 to take away; or to the centre
    "slice":              _kind("start stop step"),                                            # positions start, start + step, ... < stop
    "add":                _kind("",                                                "", 2, 0),
    "multiply":           _kind("",                                                "", 2, 0),
    "concat":             _kind("",                                                "", 1, 0),  # along channels
    "stack":              _kind("axis",                                            "axis", 1, 0),  # concatenation along a spatial axis
    "gate":               _kind("",                                                "", 1, 2),  # a map times a factor per channel
    "pointwise":          _kind("cout params"),                        # activation, dropout, shuffle or slice of channels
    "bn":                 _kind("cin gain shift"),
    "norm":               _kind("cin gain shift"),              # layer, group and instance norm: pointwise, but for its statistics
    "linear":             _kind("cin cout bias"),
    "flatten":            _kind(""),
    "attention":          _kind("cin cout params"),             # every output position reads every input position
    "unknown":            _kind("cout params",                                     "note", 0, 0),  # whatever comes from it is not known
}
# fmt: on


def whole(name: str, what: str, value: Any) -> int:
    """The value, if it is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NetworkError(f"layer {name!r}: {what} {value!r} is no whole number")
    return value


def known(name: str, op: str) -> Kind:
    """What is known of an op."""
    if op not in OPS:
        raise NetworkError(f"layer {name!r}: there is no op {op!r}{closest(op, OPS)}; an op that is not known is written as unknown")
    return OPS[op]
