"""The sizes of axes that index maps create: counted window by window, refused where nothing follows."""
# mypy: ignore-errors

import pytest

from derive.checker.evaluate import whole
from derive.language import DefinitionError, Natural, PositiveInteger, Range, Real, idx, new, op, size, sum


@op
def every_other(x: Real["T"]):
    """The odd positions."""
    return x.at(T=2 * new("P") + 1)


@op
def later(x: Real["T"], w: Real["K"], *, stride: PositiveInteger = 2, skip: Natural = 3, dilation: PositiveInteger = 1):
    """Windows that begin after some positions are skipped."""
    return sum(x.at(T=stride * new("P") + dilation * idx("K") + skip) * w, "K")


@op
def padded(x: Real["T"], w: Real["K"], *, stride: PositiveInteger = 2, padding: Natural = 3, dilation: PositiveInteger = 2):
    """Windows over an array with positions added on both sides."""
    return sum(x.at(T=stride * new("P") + dilation * idx("K") - padding) * w, "K")


@op
def flipped(x: Real["T"], w: Real["K"], *, stride: PositiveInteger = 3):
    """Windows read from their end."""
    return sum(x.at(T=stride * new("P") + size("K") - 1 - idx("K")) * w, "K")


@op
def full(x: Real["T"], w: Real["K"], *, dilation: PositiveInteger = 2):
    """All windows that touch the array."""
    return sum(x.at(T=new("P") + dilation * (idx("K") - size("K") + 1)) * w, "K")


@op
def centred(x: Real["T"], w: Real["K"], *, stride: PositiveInteger = 2):
    """Windows around positions."""
    return sum(x.at(T=stride * new("P") + idx("K") - size("K") // 2) * w, "K")


def taps(name, k, sizes):
    """The positions that the window at the origin reads."""
    return {
        "every_other": [1],
        "later": [j + 3 for j in range(k)],
        "padded": [2 * j - 3 for j in range(k)],
        "flipped": [k - 1 - j for j in range(k)],
        "full": [2 * (j - k + 1) for j in range(k)],
        "centred": [j - k // 2 for j in range(k)],
    }[name]


@pytest.mark.parametrize("definition", [every_other, later, padded, flipped, full, centred], ids=lambda d: d.name)
@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("t", [11, 12, 13, 14, 15])
def test_size_is_the_number_of_windows_that_fit(definition, k, t):
    """Each window inside the array, which has as many positions added at its end as the first window begins before it."""
    parameters = {p.name: int(p.default) for p in definition.program.parameters}
    read = taps(definition.name, k, t)
    end = t + max(0, -min(read))
    stride = parameters.get("stride", 2 if definition is every_other else 1)
    expected = len([p for p in range(100) if stride * p + max(read) < end])
    ((_, found),) = definition.program.sizes
    assert whole(found, {"T": t, "K": k}, parameters) == expected


def test_text_of_sizes():
    """Sizes read as one writes them."""
    assert str(every_other.program.sizes[0][1]) == "floor((size(T) - 2)/2) + 1"
    assert str(padded.program.sizes[0][1]) == "floor((size(T) + 2*padding - dilation*(size(K) - 1) - 1)/stride) + 1"
    assert str(flipped.program.sizes[0][1]) == "floor((size(T) - (size(K) - 1) - 1)/stride) + 1"


def test_start_of_unknown_sign():
    """Padding less one may begin on either side of the array: the size is asked for."""

    def odd(x: Real["T"], *, padding: Natural = 0):
        """Begins at 1 - padding."""
        return x.at(T=2 * new("P") + 1 - padding)

    with pytest.raises(DefinitionError, match=r'start, -padding \+ 1, .* may be positive or negative; give the size: new\("P", size=...\)'):
        op(odd)


def test_shift_of_unknown_sign():
    """A parameter that may be negative says nothing about where windows begin."""

    def shifted(x: Real["T"], *, k: Range(-3, 3, integer=True) = 0):
        """Begins at k."""
        return x.at(T=new("P") + k)

    with pytest.raises(DefinitionError, match="its start, k, or a step of it may be positive or negative"):
        op(shifted)


def test_backwards():
    """Reading backwards has no last window."""

    def reverse(x: Real["T"]):
        """From the fifth position back."""
        return x.at(T=5 - new("P"))

    with pytest.raises(DefinitionError, match="may be positive or negative"):
        op(reverse)


def test_two_sizes():
    """An axis of several index maps has the windows that fit in all of them, whichever comes first; or derive asks."""

    def neighbours(x: Real["T"]):
        """Products of neighbours."""
        return x.at(T=2 * new("P")) * x.at(T=2 * new("P") + 1)

    def swapped(x: Real["T"]):
        """Products of neighbours."""
        return x.at(T=2 * new("P") + 1) * x.at(T=2 * new("P"))

    assert str(op(neighbours).program.sizes[0][1]) == str(op(swapped).program.sizes[0][1]) == "floor((size(T) - 2)/2) + 1"

    def apart(x: Real["T"]):
        """Strides that differ."""
        return x.at(T=2 * new("P")) * x.at(T=new("P") + 3)

    with pytest.raises(DefinitionError, match=r"two sizes for P .* and size\(T\) - 3 from T=idx\(P\) \+ 3"):
        op(apart)

    def given(x: Real["T"]):
        """Products of neighbours."""
        return x.at(T=2 * new("P", size=size("T") // 2)) * x.at(T=2 * new("P") + 1)

    assert str(op(given).program.sizes[0][1]) == "floor(size(T)/2)"
