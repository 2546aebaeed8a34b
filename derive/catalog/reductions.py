"""The other reductions of a loss: the same definition with a sum in place of its mean, or with neither."""

from __future__ import annotations

from dataclasses import replace

from derive.catalog.classification import bce
from derive.catalog.losses import bce_with_logits, cross_entropy, cross_entropy_probs, huber, mae, mse, nll, smooth_l1
from derive.language.errors import DefinitionError
from derive.language.nodes import BATCH, Expr, Mul, Reduce, substitute
from derive.language.operation import Op
from derive.language.program import Let, Output, Program


def with_reductions(*losses: Op) -> tuple[Op, ...]:
    """NAME_sum and NAME_none for each loss whose value is a mean, in order."""
    return tuple(variant for loss in losses for variant in (summed(loss), unreduced(loss)))


def summed(loss: Op) -> Op:
    """The loss, summed over what it is averaged over."""
    mean = _mean(loss)
    doc = f"Like {loss.name}, but summed over {_axes(mean)}, not averaged."
    return _variant(loss, f"{loss.name}_sum", doc, mean, Reduce("sum", mean.body, mean.over))


def unreduced(loss: Op) -> Op:
    """The loss of each position that it is averaged over."""
    mean = _mean(loss)
    doc = f"Like {loss.name}, but for each position alone, not averaged over {_axes(mean)}."
    return _variant(loss, f"{loss.name}_none", doc, mean, mean.body)


def _mean(loss: Op) -> Reduce:
    """The mean that is the value, up to a factor."""
    node: Expr = _value(loss.program).body
    while isinstance(node, Mul):
        node = next((a for a in node.args if isinstance(a, (Reduce, Mul))), node.args[0])
    if not (isinstance(node, Reduce) and node.how == "mean"):
        raise DefinitionError(f"{loss.name} is {_value(loss.program).body}, no mean; only the reduction of a mean can be replaced")
    return node


def _value(program: Program) -> Let:
    return program.let(program.outputs[0].name)


def _axes(mean: Reduce) -> str:
    return "all axes" if BATCH in mean.over else " and ".join(mean.over)


def _variant(loss: Op, name: str, doc: str, mean: Reduce, instead: Expr) -> Op:
    value = _value(loss.program)
    new = Let(value.name, substitute(value.body, {mean: instead}))
    lets = tuple(new if let is value else let for let in loss.program.lets)
    outputs = (Output(new.name, loss.program.ordered(new.body.axes)),)
    return replace(loss, name=name, doc=doc, program=replace(loss.program, name=name, lets=lets, outputs=outputs))


REDUCTIONS = with_reductions(mse, mae, huber, smooth_l1, bce, bce_with_logits, nll, cross_entropy, cross_entropy_probs)
