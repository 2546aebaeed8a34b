"""Networks out of layer lists: JSON, TOML, and a short text with one layer to a line.

An op that is not known here becomes an `unknown` layer that carries its name; a setting that an op does not have is an
error. Frameworks' models are read by modules of their own (see `read`).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from derive.language.errors import closest
from derive.network.model import OPS, Input, Layer, Network, NetworkError, UnreadableNetwork, layer, resized
from derive.network.ops import ALIASES, SETTINGS, meant
from derive.network.short import parsed

REMARKS = ("note", "notes", "comment", "onnx_attributes", "source")
_DATA = ("layers", "ndim", "name", "input", "inputs", "outputs", "input_size", "input_channels")


def read(what: Any, size: Sequence[int] | int | None = None) -> Network:
    """The network in a file (.json, .toml, .txt, .onnx, or FILE.py:NAME), a layer list, a short text, or a torch module.

    `size` replaces the size of the first input. Raises UnreadableNetwork where there is no network, NetworkError (naming
    the layer) where it has no meaning.
    """
    if isinstance(what, (Network, Mapping, list, tuple)):
        return _sized(what if isinstance(what, Network) else from_data(what), size)
    if isinstance(what, Path):
        return read_file(str(what), size)
    if isinstance(what, str):
        written = "\n" in what or ";" in what or (" " in what and not Path(what).exists())
        return _sized(read_text(what), size) if written else read_file(what, size)
    return _by("torch_reader", "read_module", what, size=size)


def _sized(net: Network, size: Sequence[int] | int | None) -> Network:
    return net if size is None else resized(net, (size,) * net.ndim if isinstance(size, int) else size)


def _by(module: str, verb: str, *arguments: Any, **settings: Any) -> Network:
    """What a reader of its own makes: loaded when it is needed, as it loads a framework."""
    made: Network = getattr(import_module(f"derive.network.{module}"), verb)(*arguments, **settings)
    return made


def read_file(name: str, size: Sequence[int] | int | None = None) -> Network:
    """The network in a file; its ending says how it is written."""
    path, _, member = name.partition(".py:")
    if member:
        return _by("torch_reader", "read_python", f"{path}.py", member, size=size)
    ending = Path(name).suffix.lower()
    if ending == ".onnx":
        return _by("onnx_reader", "read_onnx", name, size=size)
    if ending == ".py":
        raise UnreadableNetwork(f"{name}: say which model of the file, as in {name}:net")
    if not ending and not Path(name).exists():
        return _sized(read_text(name), size)
    if ending not in READERS:
        wanted = ", ".join([*READERS, ".onnx", ".py:NAME"])
        raise UnreadableNetwork(f"{name}: the ending {ending!r} says nothing about how it is written; wanted {wanted}")
    return _sized(READERS[ending](_contents(name), name), size)


def _contents(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableNetwork(f"{name}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UnreadableNetwork(f"{name}: this is no text in UTF-8") from None


def read_json(text: str, name: str = "JSON") -> Network:
    """The network in JSON: a list of layers, or an object with "layers" and what `from_data` takes."""
    try:
        return from_data(json.loads(text), name)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableNetwork(f"{name}: no JSON: {error}") from None


def read_toml(text: str, name: str = "TOML") -> Network:
    """The network in TOML: [[layers]] tables, and what `from_data` takes."""
    try:
        return from_data(tomllib.loads(text), name)
    except tomllib.TOMLDecodeError as error:
        raise UnreadableNetwork(f"{name}: no TOML: {error}") from None


def from_data(data: Any, name: str = "the list of layers") -> Network:
    """The network in plain data: a list of layers, or a mapping with "layers", and "ndim", "input_size", "input_channels".

    Several inputs are listed under "inputs", each with name, channels and size. A layer that names no inputs reads the
    one before it. Whole numbers stand for all axes.
    """
    if isinstance(data, (list, tuple)):
        data = {"layers": list(data)}
    if not isinstance(data, Mapping) or not isinstance(data.get("layers"), (list, tuple)):
        raise UnreadableNetwork(f'{name}: wanted a list of layers, or an object that has one under "layers"')
    rows = [_row(row, n, name) for n, row in enumerate(data["layers"])]
    ndim = _ndim(data, rows, name)
    inputs = _inputs(data, ndim, name)
    if not rows:
        raise UnreadableNetwork(f"{name}: it has no layers")
    layers: list[Layer] = []
    for n, row in enumerate(rows):
        before = layers[-1].name if layers else inputs[0].name
        layers.append(_layer(row, n, ndim, before))
    outputs = data.get("outputs", ())
    if not isinstance(outputs, (list, tuple)):
        raise UnreadableNetwork(f'{name}: "outputs" is {outputs!r}; wanted a list of layer names')
    return Network(tuple(layers), ndim, inputs, tuple(outputs), str(data.get("name", "")))


def _row(row: Any, n: int, name: str) -> dict[str, Any]:
    """A layer's settings under their full names."""
    if not isinstance(row, Mapping):
        raise UnreadableNetwork(f"{name}: layer {n} is {row!r}; wanted an object with name, op and settings")
    found: dict[str, Any] = {}
    for key, value in row.items():
        full = SETTINGS.get(key, key)
        if full in found:
            raise NetworkError(f"layer {row.get('name', n)!r}: {full} is given twice")
        if key not in REMARKS:
            found[full] = value
    if not isinstance(found.get("op"), str):
        raise UnreadableNetwork(f"{name}: layer {found.get('name', n)!r} has no op")
    written = found["op"]
    found["written"], (found["op"], implied) = written, meant(written)
    if found["op"] == "unknown" or found["op"] not in OPS:
        found["op"], found["remark"] = "unknown", row.get("note", found["written"])
    return {**implied, **found}


def _ndim(data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], name: str) -> int:
    """Spatial axes: as stated, or by the input's size, or as the first layer that has a value per axis; else 2."""
    sizes = [data.get("input_size"), *(i.get("size") for i in _input_rows(data) if isinstance(i, Mapping))]
    listed = [row.get(key) for row in rows if row["op"] != "unknown" for key in ("kernel", "stride", "dilation", "output_size")]
    lengths = [len(value) for value in (*sizes, *listed) if isinstance(value, (list, tuple))]
    pads = [len(row["padding"]) for row in rows if isinstance(row.get("padding"), (list, tuple)) and len(row["padding"]) > 1]
    found = next((value for value in (data.get("ndim"), *(row.get("ndim") for row in rows), *lengths, *pads) if value is not None), 2)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise UnreadableNetwork(f"{name}: ndim is {found!r}; wanted the number of spatial axes")
    return found


def _input_rows(data: Mapping[str, Any]) -> Sequence[Any]:
    rows = data.get("inputs", [data["input"]] if isinstance(data.get("input"), Mapping) else [])
    return rows if isinstance(rows, (list, tuple)) else []


def _inputs(data: Mapping[str, Any], ndim: int, name: str) -> tuple[Input, ...]:
    rows = _input_rows(data)
    if not rows:
        return (_input({"size": data.get("input_size"), "channels": data.get("input_channels")}, ndim, name),)
    return tuple(_input(row, ndim, name) for row in rows)


def _input(row: Any, ndim: int, name: str) -> Input:
    if not isinstance(row, Mapping):
        raise UnreadableNetwork(f"{name}: an input is {row!r}; wanted an object with name, channels and size")
    size, channels = row.get("size"), row.get("channels")
    if channels is not None and (isinstance(channels, bool) or not isinstance(channels, int) or channels < 1):
        raise NetworkError(f"the input has {channels!r} channels; wanted a whole number of at least 1")
    if size is not None:
        size = tuple(size) if isinstance(size, (list, tuple)) else (size,) * ndim
    return Input(str(row.get("name", "input")), channels, size)


def _layer(row: Mapping[str, Any], n: int, ndim: int, before: str) -> Layer:
    """One layer; the name of one without is its op and number."""
    settings = {k: v for k, v in row.items() if k not in ("name", "op", "inputs", "written", "remark", "ndim")}
    name, op, inputs = row.get("name", f"{row['op']}{n + 1}"), row["op"], row.get("inputs", before)
    if not isinstance(name, str):
        name = str(name)
    if not isinstance(inputs, (str, list, tuple)) or not all(isinstance(i, str) for i in inputs):
        raise NetworkError(f"layer {name!r}: inputs is {inputs!r}; wanted names of layers")
    if row.get("ndim", ndim) != ndim:
        raise NetworkError(f"layer {name!r}: {row['written']} has {row['ndim']} axes, the network has {ndim}")
    if op == "unknown":
        known = {key: settings[key] for key in ("cout", "params") if key in settings}
        return layer(name, op, inputs, ndim=ndim, note=f"{row['remark']}{closest(str(row['remark']), [*OPS, *ALIASES])}", **known)
    return layer(name, op, inputs, ndim=ndim, **settings)


def read_text(text: str, name: str = "the text") -> Network:
    """The network in a short text; see derive.network.short."""
    return from_data(parsed(text, name), name)


READERS = {".json": read_json, ".toml": read_toml, ".txt": read_text, ".net": read_text}
