"""A torch module that cannot be traced symbolically, exported at one input size: its ATen graph as a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from derive.network.model import Network, UnreadableNetwork
from derive.network.torch_names import plain
from derive.network.torch_ops import RULES
from derive.network.torch_reader import Reading, scope
from derive.network.tracing import Parameter, Unclear


def exported(module: Any, size: Sequence[int] | None, ndim: int, channels: int | None, name: str, reason: Exception) -> Network:
    """The layers of a module as torch.export finds them at this size; `reason` says why tracing did not do.

    Raises UnreadableNetwork where no size is given, or where exporting fails as well.
    """
    import torch

    first = _first_line(reason)
    if size is None:
        raise UnreadableNetwork(f"{name} cannot be traced for all input sizes ({first}); give the input's size to read it at that size")
    training = module.training
    wanted = channels or next((int(m.in_channels) for m in module.modules() if hasattr(m, "in_channels")), None)
    if wanted is None:
        raise UnreadableNetwork(f"{name} cannot be traced ({first}), and no layer says how many channels its input has")
    try:
        x = torch.zeros(1, wanted, *size, device=next((p.device for p in module.parameters()), None))
        program = torch.export.export(module.eval(), (x,), strict=False)
    except Exception as error:
        raise UnreadableNetwork(f"{name} can neither be traced ({first}) nor exported ({_first_line(error)})") from error
    finally:
        module.train(training)
    return _Exported(module, program, size, ndim, wanted).network(name)


def _first_line(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return said[0] if said else type(error).__name__


class _Exported(Reading):
    """One walk over an exported graph, whose nodes know their shapes and whose weights are inputs."""

    def __init__(self, module: Any, program: Any, size: Sequence[int], ndim: int, channels: int) -> None:
        super().__init__(module, program.graph, size, ndim, channels, {n: n.meta.get("val") for n in program.graph.nodes})
        signature = program.graph_signature
        self.weights = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        self.entries = set(signature.user_inputs)

    def placeholder(self, node: Any) -> Any:
        if node.name in self.weights:
            return Parameter(self.weights[node.name], tuple(node.meta["val"].shape))
        return super().placeholder(node) if node.name in self.entries else Unclear("that is a constant of the model")

    def get_attr(self, node: Any) -> Any:
        return Unclear("that is a constant of the model")

    def call_function(self, node: Any) -> Any:
        schema = getattr(node.target, "_schema", None)
        if schema is None:
            return super().call_function(node)
        name = schema.name.partition("::")[2]
        made = node.meta.get("val")
        if not hasattr(made, "shape") and not isinstance(made, (list, tuple)):
            return made
        names = [{"self": "input"}.get(a.name, a.name) for a in schema.arguments]
        given = dict(zip(names, self.read(node.args), strict=False)) | dict(self.read(node.kwargs))
        op = plain(name)
        weight = next((v for v in given.values() if isinstance(v, Parameter)), None)
        wish = weight.owner if weight and weight.owner else ".".join(p for p in (scope(node), op) if p)
        return self.call(node, op if op in RULES else "", f"aten.{name}", wish, {**given, "function": name})
