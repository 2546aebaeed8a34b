"""A torch module as a network: traced by torch.fx, or exported at a given size where tracing fails. torch is imported when used."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from derive.catalog.userfile import ops_in
from derive.language.errors import closest
from derive.network.model import Input, Network, NetworkError, UnreadableNetwork, resized
from derive.network.torch_call import Call
from derive.network.torch_names import RENAMED, SIGNATURES, arguments, function_of, plain
from derive.network.torch_ops import RULES
from derive.network.torch_shadow import Module, Node, Shadows, shadows_of
from derive.network.tracing import NotUnderstood, Parameter, Sheet, Unclear, Value

NOT_GIVEN = Unclear("that depends on the input's size, which is not given")


def read_python(path: str, name: str, size: Sequence[int] | int | None = None) -> Network:
    """The network that NAME in FILE.py is: a torch module, or a function or class that makes one without arguments."""
    namespace = ops_in(path)
    if name not in namespace:
        raise UnreadableNetwork(f"{path} has no {name}{closest(name, namespace)}")
    value: Any = namespace[name]
    if isinstance(value, Network):
        return _sized(value, size)
    torch = _torch(f"{path}:{name}")
    if not isinstance(value, torch.nn.Module) and callable(value):
        try:
            value = value()
        except Exception as error:
            raise UnreadableNetwork(f"{path}: {name}() failed: {type(error).__name__}: {error}") from error
    if isinstance(value, Network):
        return _sized(value, size)
    if not isinstance(value, torch.nn.Module):
        raise UnreadableNetwork(f"{path}: {name} is {type(value).__name__}; wanted a torch module, or a function that makes one")
    return read_module(value, size, name=f"{Path(path).name}:{name}")


def read_module(
    module: Module, size: Sequence[int] | int | None = None, *, ndim: int | None = None, channels: int | None = None, name: str = ""
) -> Network:
    """The layers of a torch module, at a size of its (first) input or at none.

    One number as a size stands for all axes; `channels` is needed where no layer says how many enter. What has no layer
    here becomes an unknown one that names it. Raises UnreadableNetwork where the module can be neither traced
    nor exported, or where the number of its spatial axes cannot be seen.
    """
    torch = _torch("a torch module")
    name = name or type(module).__name__
    axes = ndim or (len(size) if isinstance(size, Sequence) else _axes_of(module))
    if axes is None:
        raise UnreadableNetwork(f"{name}: no layer says how many spatial axes the input has; give the input's size")
    size = (size,) * axes if isinstance(size, int) else size
    try:
        graph = torch.fx.Tracer().trace(module)
    except Exception as error:
        from derive.network.torch_export import exported

        return exported(module, size, axes, channels, name, error)
    channels, shadows = shadows_of(module, graph, size, axes, channels)
    return Reading(module, graph, size, axes, channels, shadows).network(name)


def _sized(net: Network, size: Sequence[int] | int | None) -> Network:
    return net if size is None else resized(net, (size,) * net.ndim if isinstance(size, int) else size)


def _torch(wanted: str) -> Any:
    try:
        import torch
        import torch.fx
    except ImportError:
        raise UnreadableNetwork(f"{wanted} needs torch, which is not installed; try: pip install torch") from None
    return torch


def _axes_of(module: Module) -> int | None:
    """The spatial axes that the first layer with a number in its class's name has."""
    for each in module.modules():
        digit = type(each).__name__[-2:-1]
        if type(each).__name__.endswith("d") and digit in "123" and digit:
            return int(digit)
    return None


class Reading:
    """One walk over a traced graph: what each node is as a network's value, beside what it is without numbers."""

    def __init__(self, module: Module, graph: Any, size: Sequence[int] | None, ndim: int, channels: int | None, shadows: Shadows) -> None:
        self.module, self.graph, self.size, self.channels = module, graph, size, channels
        self.sheet = Sheet(ndim)
        self.values: dict[Node, Any] = {}
        self.shadows = shadows
        self.outputs: list[str] = []

    def network(self, name: str) -> Network:
        """Read every node."""
        for node in self.graph.nodes:
            self.values[node] = getattr(self, node.op)(node)
        return self.sheet.network(name, self.outputs)

    def placeholder(self, node: Node) -> Any:
        shadow = self.shadows.get(node)
        if node.args:  # it has a default, which tracing takes
            return node.args[0]
        shape = _shape(shadow)
        size = tuple(self.size) if self.size is not None and not self.sheet.inputs else None
        channels = None if self.channels is None or not shape else shape[1]
        return self.sheet.enter(Input("input" if not self.sheet.inputs else node.name, channels, size), shape)

    def get_attr(self, node: Node) -> Any:
        value = operator.attrgetter(node.target)(self.module)
        return Parameter(node.target, tuple(value.shape)) if hasattr(value, "shape") else value

    def call_module(self, node: Node) -> Any:
        module = self.module.get_submodule(node.target)
        kind = type(module)
        op, renamed = function_of(kind.__name__)
        given = arguments(op, self.read(node.args), self.read(node.kwargs))
        given |= {key: value for key, value in _attributes(op, module, node.target, renamed).items() if key not in given}
        given["function"] = kind.__name__
        known = kind.__module__.startswith("torch.nn.modules") and op in RULES
        return self.call(node, op if known else "", f"{kind.__module__}.{kind.__qualname__}", node.target, given)

    def call_function(self, node: Node) -> Any:
        function = node.target
        name = getattr(function, "__name__", str(function))
        if function is getattr:
            return self.attribute(node)
        return self.function(node, name, f"{getattr(function, '__module__', None) or 'torch'}.{name}")

    def call_method(self, node: Node) -> Any:
        return self.function(node, node.target, f"Tensor.{node.target}")

    def output(self, node: Node) -> None:
        self.outputs += [v.name for v in _values(self.read(node.args))]

    def attribute(self, node: Node) -> Any:
        of, what = self.read(node.args[:2])
        if isinstance(of, Value) and what == "shape":
            return self.sizes(of)
        return self.plain(node)

    def function(self, node: Node, name: str, title: str) -> Any:
        args, kwargs = self.read(node.args), self.read(node.kwargs)
        if name == "size" and isinstance(args[0], Value):
            sizes = self.sizes(args[0])
            return sizes[args[1]] if len(args) > 1 else sizes
        if name == "getitem" and isinstance(args[0], (tuple, list)):
            return args[0][args[1]]
        if not isinstance(self.shadows.get(node, self), (self._tensor(), list, tuple, Reading)):
            return self.plain(node)
        op = plain(RENAMED.get(name, name))
        if op in ("permute", "view", "reshape") and len(args) > 2:
            args = [args[0], args[1:]]
        given = {**arguments(op, args, kwargs), "function": name}
        weight = next((v for v in given.values() if isinstance(v, Parameter)), None)
        wish = weight.owner if weight and weight.owner else ".".join(p for p in (scope(node), op) if p)
        return self.call(node, op if op in RULES else "", title, wish, given)

    def call(self, node: Node, op: str, title: str, wish: str, given: dict[str, Any]) -> Any:
        """Follow the function's rule; what has none is unknown, by its title."""
        shape, before = _shape(self.shadows.get(node)), len(self.sheet.layers)
        given["guessed"] = self.size is None
        try:
            if not op:
                raise NotUnderstood("")
            made = RULES[op](self.sheet, Call(op, wish, given, shape))
            self.check_channels(before)
            return made
        except (NotUnderstood, NetworkError) as error:
            if isinstance(error, NetworkError) and op:
                raise
            note = f"{title} {error}".strip()
            first = shape[0] if isinstance(shape, list) else shape
            made = self.sheet.unknown(wish, note, _values(list(given.values())), first)
            return (made,) * len(shape) if isinstance(shape, list) else made

    def check_channels(self, before: int) -> None:
        """Take back layers whose channels were counted from a guess."""
        written = self.sheet.layers[before:]
        if self.channels is None and any(each.op == "pointwise" and each.cout is not None for each in written):
            del self.sheet.layers[before:]
            self.sheet.names -= {each.name for each in written}
            raise NotUnderstood("of channels, how many is not known: no layer says how many the input has")

    def sizes(self, value: Value) -> tuple[Any, ...]:
        """A value's shape, with what depends on a size that is not given left open."""
        if value.shape is None:
            return tuple(NOT_GIVEN for _ in value.axes)
        if self.size is not None:
            return value.shape
        return tuple(NOT_GIVEN if isinstance(a, int) else n for n, a in zip(value.shape, value.axes, strict=True))

    def plain(self, node: Node) -> Any:
        """What a node is that is no tensor."""
        if any(isinstance(v, Unclear) for v in _flat(self.read([node.args, node.kwargs]))):
            return NOT_GIVEN
        return self.shadows.get(node, NOT_GIVEN)

    def read(self, what: Any) -> Any:
        """Arguments with nodes replaced by what they are."""
        if isinstance(what, (list, tuple)):
            return [self.read(w) for w in what] if isinstance(what, list) else tuple(self.read(w) for w in what)
        if isinstance(what, slice):
            return slice(self.read(what.start), self.read(what.stop), self.read(what.step))
        if isinstance(what, Mapping):
            return {key: self.read(w) for key, w in what.items()}
        return self.values[what] if type(what).__name__ == "Node" else what

    def _tensor(self) -> Any:
        import torch

        return torch.Tensor


def _attributes(op: str, module: Module, target: str, renamed: Mapping[str, str]) -> dict[str, Any]:
    """A module's settings and weights under the names of the function's arguments."""
    found = {}
    for name in SIGNATURES.get(op, "").split():
        attribute = renamed.get(name, name)
        if name != "input" and hasattr(module, attribute):
            value = getattr(module, attribute)
            found[name] = Parameter(f"{target}.{attribute}", tuple(value.shape)) if hasattr(value, "shape") else value
    return found


def scope(node: Node) -> str:
    """The path of the module whose forward holds a node."""
    stack = node.meta.get("nn_module_stack") or {}
    entries = list(stack.items())
    return str(entries[-1][1][0] if isinstance(entries[-1][1], tuple) else entries[-1][0]) if entries else ""


def _shape(shadow: Any) -> Any:
    if isinstance(shadow, (list, tuple)) and shadow and all(hasattr(s, "shape") for s in shadow):
        return [tuple(s.shape) for s in shadow]
    return tuple(shadow.shape) if hasattr(shadow, "shape") else None


def _values(what: Any) -> list[Value]:
    return [v for v in _flat(what) if isinstance(v, Value)]


def _flat(what: Any) -> Iterator[Any]:
    if isinstance(what, (list, tuple)):
        for each in what:
            yield from _flat(each)
    elif isinstance(what, Mapping):
        yield from _flat(list(what.values()))
    elif isinstance(what, slice):
        yield from (what.start, what.stop, what.step)
    else:
        yield what
