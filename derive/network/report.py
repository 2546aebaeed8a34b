"""What is known of a network: one row per layer with size, jump, field, centre and cost, exact; and what is not known, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar

from derive.network.costs import Cost, costs, peak, times, total
from derive.network.fields import LONGEST_PERIOD, Field, Mixed, NotKnown, Span, State, centre
from derive.network.lanes import Apart, Survey, alike, survey
from derive.network.model import Network, NetworkError
from derive.network.reader import read

T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """A layer along one axis. Where several input sizes are possible, a property is None unless all of them agree on it.

    `states` holds what is read at each remainder of the input size by `modulus` (one where it does not matter).
    """

    size: int | None
    states: tuple[State, ...]
    apart: tuple[tuple[Apart, ...], ...]
    modulus: int = 1

    def _agreed(self, read: Callable[[Field], T]) -> T | None:
        found = [read(s) if isinstance(s, Field) and s.spans else None for s in self.states]
        return found[0] if found and all(f == found[0] for f in found) else None

    @property
    def jump(self) -> Fraction | None:
        """Input positions from one output to the next."""
        return self._agreed(lambda f: f.jump)

    def _by_output(self, read: Callable[[Span | None], T]) -> tuple[T, ...] | None:
        """A fact about the span of each phase's first output; about all outputs, where branches advance differently."""
        if len(self.states) == 1 and isinstance(self.states[0], Mixed):
            return None if self.size is None else tuple(read(self.states[0].at(o)) for o in range(min(self.size, LONGEST_PERIOD)))
        return self._agreed(lambda f: tuple(map(read, f.spans)))

    @property
    def fields(self) -> tuple[int, ...] | None:
        """The extent of what is read, by phase of the output, padding included; 0 for outputs that read nothing."""
        return self._by_output(lambda s: 0 if s is None else s[1] - s[0] + 1)

    @property
    def field(self) -> int | None:
        """The extent that all outputs have; None where they differ (see `fields`)."""
        found = self.fields
        return found[0] if found and len(set(found)) == 1 else None

    @property
    def starts(self) -> tuple[int | None, ...] | None:
        """The first input position that each phase's first output reads."""
        return self._by_output(lambda s: None if s is None else s[0])

    @property
    def padding(self) -> int | None:
        """Positions in front of the input that output 0 spans: the effective padding."""
        found = self.starts
        return None if not found or found[0] is None else -found[0]

    @property
    def centres(self) -> tuple[Fraction | None, ...] | None:
        """The centre of what the first output of each phase spans; the centre of input i is i."""
        return self._by_output(centre)

    @property
    def centre(self) -> Fraction | None:
        """The centre of what output 0 spans."""
        found = self.centres
        return found[0] if found else None

    @property
    def whole(self) -> str:
        """The layer through which every output reads all positions, besides its field; "" for none."""
        return next((s.whole for s in self.states if isinstance(s, (Field, Mixed)) and s.whole), "")

    @property
    def reach(self) -> int | None:
        """What all of that spans, padding included."""
        found = [s.reach for s in self.states if isinstance(s, (Field, Mixed)) and s.reach]
        return found[0][1] - found[0][0] + 1 if len(found) == 1 else None

    @property
    def mixed(self) -> bool:
        """Whether branches advance differently, so that outputs have fields of their own."""
        return any(isinstance(s, Mixed) for s in self.states)

    @property
    def unknown(self) -> NotKnown | None:
        """From which layer on, and why, what is read is not known."""
        return next((s for s in self.states if isinstance(s, NotKnown)), None)

    @property
    def varies(self) -> bool:
        """Whether what is read depends on the input size, which is not given."""
        return any(s != self.states[0] for s in self.states)


@dataclass(frozen=True)
class Row:
    """A layer: its channels, its views along the axes, its cost."""

    name: str
    op: str
    note: str
    inputs: tuple[str, ...]
    channels: int | None
    axes: tuple[View, ...]
    cost: Cost

    @property
    def size(self) -> tuple[int | None, ...]:
        """Positions along each axis."""
        return tuple(v.size for v in self.axes)


@dataclass(frozen=True)
class Report:
    """The rows of a network, and notes on what does not fit together."""

    net: Network
    source: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @cached_property
    def _rows(self) -> dict[str, Row]:
        return {row.name: row for row in self.rows}

    def __getitem__(self, name: str) -> Row:
        self.net[name]
        return self._rows[name]

    @property
    def ends(self) -> tuple[Row, ...]:
        """The rows of the network's outputs."""
        return tuple(self[name] for name in self.net.ends())

    @property
    def total(self) -> Cost:
        """The sum of all costs."""
        return total(row.cost for row in self.rows)

    @property
    def peak(self) -> Any:
        """The most numbers alive at once, per sample; None where one size is not known."""
        inputs = {i.name: times(i.channels, *(i.size or (None,))) for i in self.net.inputs}
        return peak(self.net, inputs | {row.name: row.cost.elements for row in self.rows})

    def aligned(self, name: str) -> bool | None:
        """Whether all branches that meet in a layer, or in one it needs, are centred alike; None: that depends on the input size."""
        views = [v for each in needed(self.net, name) for v in self[each].axes]
        if any(v.unknown for v in views):
            return None
        together = max((len(v.apart) for v in views), default=1)
        found = {not any(v.apart[n] for v in views if len(v.apart) > n) for n in range(together)}
        return found.pop() if len(found) == 1 else None

    def upto(self, name: str) -> Cost:
        """The sum over a layer and all it needs."""
        return total(self[each].cost for each in needed(self.net, name))


def needed(net: Network, name: str) -> tuple[str, ...]:
    """The layers that a layer's result depends on, and itself, in computing order."""
    wanted = {net[name].name}
    for each in reversed(net.layers):
        if each.name in wanted:
            wanted.update(each.inputs)
    return tuple(each.name for each in net.layers if each.name in wanted)


def receptive_field(net: Any, size: Sequence[int] | int | None = None, source: str | None = None) -> Report:
    """Sizes, fields and costs of every layer of a network, or of anything that derive.network.read takes.

    `size` replaces the size of the first input; `source` names the input whose positions are counted (the first if None).
    Raises NetworkError, naming the layer, where no window fits or branches do not match.

    >>> receptive_field("a: conv 3; b: max_pool 2")["b"].axes[0].field
    4
    """
    net = read(net, size)
    if not net.inputs:
        raise NetworkError("a network without inputs has no receptive field")
    source = source or net.inputs[0].name
    surveys = _surveys(net, source)
    sizes = {name: tuple(s.lanes[0].sizes[name] for s in surveys) for name in (*(i.name for i in net.inputs), *net.index)}
    channels, priced, notes = costs(net, sizes)
    rows = tuple(
        Row(each.name, each.op, each.note, each.inputs, channels[each.name], _views(surveys, each.name), priced[each.name])
        for each in net.layers
    )
    return Report(net, source, rows, tuple(notes))


def _views(surveys: Sequence[Survey], name: str) -> tuple[View, ...]:
    first = _view(surveys[0], name)
    return tuple(first if s is surveys[0] else _view(s, name) for s in surveys)


def _surveys(net: Network, source: str) -> list[Survey]:
    """The survey of each axis; axes along which all settings are alike share one."""
    found: list[Survey] = []
    for axis in range(net.ndim):
        like = next((other for other in range(axis) if alike(net, other, axis)), None)
        found.append(survey(net, axis, source) if like is None else found[like])
    return found


def _view(found: Survey, name: str) -> View:
    lanes = found.lanes
    return View(
        lanes[0].sizes[name],
        tuple(lane.states[name] for lane in lanes),
        tuple(lane.apart.get(name, ()) for lane in lanes),
        found.modulus,
    )


def everything_known(rows: Iterable[Row]) -> bool:
    """Whether no row hides an op that is not known."""
    return not any(v.unknown for row in rows for v in row.axes)


