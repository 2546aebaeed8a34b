# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="var-annotated"
"""The functions that generated code calls at its door and around its gathers. Their source is copied, never imported.

Each stands on its own: NumPy and its neighbours in this file are all it uses.
"""

import math
import numbers

import numpy as np


def _arrays(op, /, **given):
    """The arrays of a call, ready to compute with, and the dtype of its result.

    Each keyword is (value, axes). Axes "N D" or "... C" want real numbers, which come back as float64; "N -> C" wants an
    integer position of C for each N, or the third element, where there is one. An axis has one size everywhere, and "..." is
    any number of leading axes.
    """
    arrays, dtypes, sizes = {}, {}, {}
    for name, (value, axes, *_) in given.items():
        names, _, into = axes.partition(" -> ")
        arrays[name] = _integers(op, name, value) if into else _reals(op, name, value, dtypes)
        _fit(op, name, arrays[name].shape, tuple(names.split()), sizes)
    for name, (_, axes, *spare) in given.items():
        into = axes.partition(" -> ")[2]
        if into:
            arrays[name] = _positions(op, name, arrays[name], into, sizes[into][0], *spare)
    return (*arrays.values(), _one_dtype(op, dtypes))


def _reals(op, name, value, dtypes):
    """A float64 array of the value; its own dtype is noted, unless it is a Python float, which suits any."""
    array = np.asarray(value)
    if array.dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"{op}: {name} has dtype {array.dtype}; wanted float16, float32 or float64")
    if type(value) is not float:
        dtypes[name] = np.dtype(array.dtype.type)
    return array.astype(np.float64, copy=False)


def _integers(op, name, value):
    """An integer array of the value."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{op}: {name} has dtype {array.dtype}; wanted integers")
    return array


def _one_dtype(op, dtypes):
    """The dtype that all real inputs share."""
    for name, dtype in dtypes.items():
        first = next(iter(dtypes))
        if dtype != dtypes[first]:
            raise TypeError(f"{op}: {first} is {dtypes[first]}, {name} is {dtype}; wanted one dtype for all")
    return next(iter(dtypes.values()), np.dtype(np.float64))


def _fit(op, name, shape, axes, sizes):
    """Note the sizes of axes seen for the first time; raise where one differs from before."""
    lead = len(shape) - len(axes) + 1 if axes[:1] == ("...",) else 0
    found = (shape[:lead], *shape[lead:]) if axes[:1] == ("...",) else shape
    written = f"({', '.join(axes)}{',' if len(axes) == 1 else ''})"
    if len(found) != len(axes) or lead < 0:
        raise ValueError(f"{op}: {name} has shape {shape}, wanted {written}")
    for axis, size in zip(axes, found, strict=True):
        known, source = sizes.setdefault(axis.rstrip("'"), (size, f"{name} {written}"))
        if size != known:
            wanted = [sizes[a][0] if a in sizes else a for a in (axis.rstrip("'") for axis in axes)]
            flat = [str(n) for w in wanted for n in (w if isinstance(w, tuple) else (w,))]
            raise ValueError(
                f"{op}: {name} has shape {shape}, wanted {written} = ({', '.join(flat)}{',' if len(flat) == 1 else ''}) from {source}"
            )


def _positions(op, name, array, axis, size, *spare):
    """An index array, all of it in range or equal to what is no position."""
    outside = ((array < 0) | (array >= size)) & ~np.isin(array, spare)
    if outside.any():
        where = tuple(int(i) for i in np.argwhere(outside)[0])
        other = "".join(f", or {n}" for n in spare)
        raise ValueError(f"{op}: {name} is {array[where]} at {where}; wanted a position of {axis}, 0 to {size - 1}{other}")
    return array.astype(np.intp, copy=False)


def _count(op, name, value):
    """A count: a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{op}: {name} is {value!r}; wanted a positive integer")
    if value < 1:
        raise ValueError(f"{op}: {name} is {value}; wanted a positive integer")
    return int(value)


def _parameters(op, /, **given):
    """The scalars of a call, each given as (value, range) with a range such as "(0, inf)" or "integer [1, inf)"."""
    values = [_scalar(op, name, value, wanted) for name, (value, wanted) in given.items()]
    return values[0] if len(values) == 1 else tuple(values)


def _scalar(op, name, value, wanted):
    """One parameter as a Python number in its range."""
    whole = wanted.startswith("integer")
    if isinstance(value, bool) or not isinstance(value, numbers.Integral if whole else numbers.Real):
        raise TypeError(f"{op}: {name} is {value!r}; wanted {'an integer' if whole else 'a number'}")
    value = int(value) if isinstance(value, numbers.Integral) else float(value)
    interval = wanted.removeprefix("integer ")
    ends = [float(end) for end in interval[1:-1].split(",")]
    above = value >= ends[0] if interval[0] in "[{" else value > ends[0]
    below = value <= ends[-1] if interval[-1] in "]}" else value < ends[-1]
    if not (above and below and np.isfinite(value)) or (interval[0] == "{" and value not in ends):
        raise ValueError(f"{op}: {name} is {value}; wanted {'an integer' if whole else 'a finite number'} in {interval}")
    return value


def _requires(op, wanted, holds, /, **found):
    """Raise unless sizes and parameters are as the definition assumes; the keywords are what the condition speaks of."""
    if not holds:
        raise ValueError(f"{op}: wanted {wanted}; got {', '.join(f'{name} = {value}' for name, value in found.items())}")


def _nonempty(op, /, **sizes):
    """Raise unless each axis has a position: there is no mean or maximum of nothing."""
    for axis, size in sizes.items():
        if size == 0:
            raise ValueError(f"{op}: axis {axis} is empty; wanted at least one position")


def _fits(op, /, **sizes):
    """Raise unless each axis that a window creates has a position."""
    for axis, size in sizes.items():
        if size < 1:
            raise ValueError(f"{op}: axis {axis} would have size {size}: the window does not fit")


def _same_sizes(op, /, **sizes):
    """Raise unless an axis that an input has is as long as the others make it; each keyword is (size, wanted)."""
    for axis, (size, wanted) in sizes.items():
        if size != wanted:
            raise ValueError(f"{op}: axis {axis} has size {size}, wanted {wanted} from the other inputs")


def _read(array, positions, axis):
    """The array read along an axis at integer positions, which take the axis's place; 0 where one falls outside."""
    size = array.shape[axis]
    padded = np.pad(array, [(0, int(i == axis % array.ndim)) for i in range(array.ndim)])
    return np.take(padded, np.where((positions >= 0) & (positions < size), positions, size), axis=axis)


def _scatter_add(positions, values, size):
    """Values added up along a new first axis of the given size, each at its position; what falls outside is dropped."""
    return _scatter_add_at((positions,), values, (size,))


def _scatter_add_at(positions, values, sizes):
    """Values added up along new first axes, each at its position along every one; what falls outside any is dropped."""
    positions = np.broadcast_arrays(*positions)
    inside, place = np.ones(positions[0].shape, bool), np.zeros(positions[0].shape, np.intp)
    for position, size in zip(positions, sizes, strict=True):
        inside, place = inside & (position >= 0) & (position < size), place * size + position
    total = np.zeros((math.prod(sizes), *values.shape[inside.ndim :]))
    if total[:1].size < 32:
        np.add.at(total, place[inside], values[inside])
    else:  # few long rows: one addition each
        for at, to in zip(np.argwhere(inside).tolist(), place[inside].tolist(), strict=True):
            total[to] += values[tuple(at)]
    return total.reshape(*sizes, *total.shape[1:])


def _scan(step, size, states, arrays, others):
    """What a step gives at each position, the first one first, along a first axis. It takes the states, which are its own first
    results at the position before, a row of each array, and the others."""
    return _along(step, range(size), states, arrays, others)


def _scan_back(step, size, states, arrays, others):
    """Like _scan, the last position first."""
    return _along(step, range(size - 1, -1, -1), states, arrays, others)


def _along(step, positions, states, arrays, others):
    """The results of a step for all positions, computed in that order."""
    count, results = len(states), {}
    for t in positions or [None]:
        found = step(*states, *(np.zeros(a.shape[1:], a.dtype) if t is None else a[t] for a in arrays), *others)
        found = found if isinstance(found, tuple) else (found,)
        for k, value in enumerate(found):
            results.setdefault(k, np.zeros((len(positions), *np.shape(value))))[slice(0) if t is None else t] = value
        states = found[:count]
    return tuple(results.values())


def _beside(array, start, axis, step):
    """The array read `step` positions further along an axis; the start where that is beyond the end."""
    moved = np.moveaxis(np.roll(array, -step, axis=axis), axis, 0)
    moved[slice(0, 1) if step < 0 else slice(-1, None)] = start
    return np.moveaxis(moved, 0, axis)


def _rounded(dtype, *results):
    """The results, rounded once to the dtype of the inputs; a result without axes is a scalar."""
    rounded = tuple(np.asarray(r).astype(dtype, copy=False) for r in results)
    rounded = tuple(r if r.ndim else r[()] for r in rounded)
    return rounded[0] if len(rounded) == 1 else rounded
