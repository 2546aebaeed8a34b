"""An ONNX file as a network. onnx is imported when used; weights are looked at for their shapes alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from derive.network.model import Input, Network, NetworkError, UnreadableNetwork
from derive.network.onnx_call import Call
from derive.network.onnx_ops import RULES
from derive.network.tracing import NotUnderstood, Parameter, Shape, Sheet, Unclear, Value

SMALL = 4096  # a tensor of so many numbers may be a setting; a larger one is weights alone
GUESS = 224  # at this size a model of any size is run through shape inference, to see how many channels it has where
NOT_GIVEN = Unclear("that depends on the input's size, which is not given")


def read_onnx(path: str, size: Sequence[int] | int | None = None) -> Network:
    """The network in an ONNX file, at a size of its (first) input: the given one, or the file's own.

    What has no layer here becomes an unknown one that names it. Raises UnreadableNetwork when there is no such file, it
    is no ONNX model, or onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise UnreadableNetwork(f"{path} needs onnx, which is not installed; try: pip install onnx") from None
    if not Path(path).is_file():
        raise UnreadableNetwork(f"{path}: no such file")
    try:
        model = onnx.load(path, load_external_data=False)
    except Exception as error:
        raise UnreadableNetwork(f"{path} is no ONNX model: {type(error).__name__}") from None
    if not model.graph.node:
        raise UnreadableNetwork(f"{path} holds no graph with nodes")
    return read_model(model, size, name=Path(path).name)


def read_model(model: Any, size: Sequence[int] | int | None = None, *, name: str = "") -> Network:
    """The network that a loaded ONNX model is."""
    return _Reading(model, size).network(name)


class _Reading:
    """One walk over a graph: what each of its names stands for."""

    def __init__(self, model: Any, size: Sequence[int] | int | None) -> None:
        self.model, self.graph = model, model.graph
        self.weights = {t.name: t for t in model.graph.initializer}
        entries = [i for i in model.graph.input if i.name not in self.weights]
        if not entries:
            raise UnreadableNetwork("the ONNX model has no inputs")
        first = _dims(entries[0])
        if len(first) < 3:
            raise UnreadableNetwork(f"input {entries[0].name!r} has {len(first)} axes; wanted batch, channels and at least one more")
        self.sheet = Sheet(len(first) - 2)
        self.last = _channels_last(model.graph, entries[0].name, len(first))
        size = (size,) * self.sheet.ndim if isinstance(size, int) else size
        own = [n for n in (first[1:-1] if self.last else first[2:]) if n is not None]
        known = tuple(size) if size is not None else tuple(own)
        self.size = known if len(known) == self.sheet.ndim else None
        if size is not None and self.size is None:
            raise NetworkError(f"the size {list(size)} has {len(known)} numbers; the model has {self.sheet.ndim} spatial axes")
        self.shapes = self._inferred(entries)
        self.values: dict[str, Any] = {t.name: self._tensor(t) for t in model.graph.initializer}
        for number, entry in enumerate(entries):
            self._enter(entry, number)

    def _enter(self, entry: Any, number: int) -> None:
        dims = _dims(entry)
        shape, usual = self.shapes.get(entry.name), len(dims) == self.sheet.ndim + 2
        channels = dims[-1 if self.last else 1] if usual else None
        sizes = tuple(dims[1:-1] if self.last else dims[2:])
        known = tuple(n for n in sizes if n is not None) if usual and None not in sizes else None
        value = self.sheet.enter(Input(entry.name, channels, known if number else self.size), shape)
        axes = (value.axes[0], *value.axes[2:], value.axes[1]) if self.last else value.axes
        self.values[entry.name] = Value(value.name, axes, shape) if usual else Unclear("that is an input without positions")

    def _inferred(self, entries: Sequence[Any]) -> dict[str, Shape]:
        """Shapes of all names, as far as onnx infers them; batches are of one."""
        import onnx

        light = onnx.ModelProto()
        light.CopyFrom(_without_numbers(self.model))
        del light.graph.value_info[:]
        for number, entry in enumerate(e for e in light.graph.input if e.name not in self.weights):
            dims = entry.type.tensor_type.shape.dim
            spatial = range(1, len(dims) - 1) if self.last else range(2, len(dims))
            if dims and not dims[0].dim_value:
                dims[0].dim_value = 1
            for axis, place in enumerate(spatial if number == 0 else ()):
                dims[place].dim_value = self.size[axis] if self.size is not None else dims[place].dim_value or GUESS
        for made in light.graph.output:
            made.type.tensor_type.ClearField("shape")
        try:
            light = onnx.shape_inference.infer_shapes(light, data_prop=True)
        except Exception:
            return {}  # shapes stay unknown; what needs one says so
        every = (*light.graph.input, *light.graph.value_info, *light.graph.output)
        found = {v.name: _dims(v) for v in every}
        return {name: tuple(d for d in dims if d is not None) for name, dims in found.items() if dims and None not in dims}

    def network(self, name: str) -> Network:
        """Read every node, in the file's order."""
        for node in self.graph.node:
            made = self._node(node)
            several = made if isinstance(made, tuple) else (made,)
            self.values.update(zip((o for o in node.output), several, strict=False))
        outputs = [self.values.get(o.name) for o in self.graph.output]
        return self.sheet.network(name, [v.name for v in outputs if isinstance(v, Value)])

    def _node(self, node: Any) -> Any:
        inputs = [self.values.get(n) if n else None for n in node.input]
        if node.op_type == "Identity" and isinstance(inputs[0], Parameter):
            return Parameter(node.output[0], inputs[0].shape)  # exporters store equal weights once
        if node.op_type in ("Shape", "Size") and isinstance(inputs[0], Value):
            return self._shape(node, inputs[0])
        if not any(isinstance(v, Value) for v in inputs):
            return self._folded(node, inputs)
        wish = _wish(node)
        shapes = [self.shapes.get(o) for o in node.output]
        call = Call(node.op_type, wish, [self._weight(node, n, v) for n, v in enumerate(inputs)], self._attributes(node), shapes)
        try:
            if node.op_type not in RULES or node.domain not in ("", "ai.onnx"):
                raise NotUnderstood("")
            return RULES[node.op_type](self.sheet, call)
        except NotUnderstood as error:
            note = f"{node.domain or 'ONNX'} {node.op_type} {error}".strip()
            values = [v for v in inputs if isinstance(v, Value)]
            made = self.sheet.unknown(wish, note, values, shapes[0] if shapes else None)
            return (made,) * len(node.output)

    def _weight(self, node: Any, number: int, value: Any) -> Any:
        """Small constants count as weights where weights are wanted: a convolution with few numbers is one all the same."""
        wanted = {"Conv": (1, 2), "ConvTranspose": (1, 2), "Gemm": (1, 2), "MatMul": (1,), "PRelu": (1,)}.get(node.op_type)
        wanted = (1, 2, 3, 4) if node.op_type.endswith("Normalization") else wanted
        is_weight = wanted is None and node.input[number] in self.weights and node.op_type in ("Add", "Mul", "Sub", "Div")
        if hasattr(value, "tolist") and (is_weight or number in (wanted or ())):
            return Parameter(node.input[number], tuple(value.shape))
        return value

    def _attributes(self, node: Any) -> dict[str, Any]:
        from onnx import helper

        found = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        found = {key: value.decode() if isinstance(value, bytes) else value for key, value in found.items()}
        return {**found, "guessed": self.size is None}

    def _tensor(self, tensor: Any) -> Any:
        """A tensor's numbers where there are few, else its shape."""
        from onnx import numpy_helper

        shape = tuple(tensor.dims)
        weights = Parameter(tensor.name, shape)
        external = tensor.data_location == tensor.EXTERNAL
        return weights if weights.count > SMALL or external else numpy_helper.to_array(tensor)

    def _shape(self, node: Any, value: Value) -> Any:
        import numpy as np

        if self.size is None or value.shape is None:
            return NOT_GIVEN
        attributes = self._attributes(node)
        part = value.shape[attributes.get("start") : attributes.get("end")]
        return np.array(part if node.op_type == "Shape" else int(np.prod(part)), dtype=np.int64)

    def _folded(self, node: Any, inputs: Sequence[Any]) -> Any:
        """A node of constants, computed by onnx itself."""
        from onnx import helper
        from onnx.reference import ReferenceEvaluator

        if any(isinstance(v, (Parameter, Unclear)) for v in inputs):
            return tuple(next((v for v in inputs if isinstance(v, Unclear)), Unclear("that is computed from weights")) for _ in node.output)
        given = {n: v for n, v in zip(node.input, inputs, strict=True) if n}
        entries = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for n, v in given.items()]
        graph = helper.make_graph([node], "constant", entries, [helper.make_empty_tensor_value_info(o) for o in node.output])
        try:
            made = ReferenceEvaluator(helper.make_model(graph, opset_imports=self.model.opset_import)).run(None, given)
        except Exception as error:
            return tuple(Unclear(f"that onnx could not compute ({type(error).__name__})") for _ in node.output)
        return tuple(made)


def _dims(entry: Any) -> list[int | None]:
    """The shape of a tensor's declaration: None for what is open."""
    return [d.dim_value or None for d in entry.type.tensor_type.shape.dim]


def _channels_last(graph: Any, name: str, rank: int) -> bool:
    """Whether an input comes with channels last: the first thing done to it is to bring them forward."""
    readers = [n for n in graph.node if name in n.input]
    orders = [list(a.ints) for n in readers if n.op_type == "Transpose" for a in n.attribute if a.name == "perm"]
    return bool(readers) and len(orders) == len(readers) and all(o == [0, rank - 1, *range(1, rank - 1)] for o in orders)


def _without_numbers(model: Any) -> Any:
    """The model with large weights reduced to their shapes: all that shape inference looks at."""
    import onnx

    light = onnx.ModelProto()
    for key in ("ir_version", "opset_import", "functions"):
        value = getattr(model, key)
        if key == "ir_version":
            light.ir_version = value
        else:
            getattr(light, key).extend(value)
    graph = light.graph
    graph.name = model.graph.name
    for key in ("node", "input", "output"):
        getattr(graph, key).extend(getattr(model.graph, key))
    for tensor in model.graph.initializer:
        if _count(tensor.dims) <= SMALL:
            graph.initializer.append(tensor)
        else:
            graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return light


def _count(dims: Iterable[int]) -> int:
    total = 1
    for n in dims:
        total *= n
    return total


def _wish(node: Any) -> str:
    """A layer's name from its node's: exporters write the path of the module, each part with its parent's last word before it."""
    parts: list[str] = []
    for part in node.name.strip("/").split("/")[:-1] if "/" in node.name else []:
        parts = [*parts[:-1], part] if parts and part.startswith(f"{parts[-1]}.") else [*parts, part]
    op = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.op_type).lower()
    own = node.name if "/" not in node.name else ""
    return own or ".".join((*parts, op))
