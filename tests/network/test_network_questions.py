"""Whole-number answers: each suffices, the next smaller does not, and none is missed."""

import itertools

import pytest

from derive.network import NetworkError, layer, read, receptive_field
from derive.network.model import Network
from derive.network.questions import depth, exact_sizes, growth, input_sizes, kernel, left_over, paddings, smallest, stride
from derive.network.settled import CLAIMS, page, settle, verdicts
from derive.network.ways import ways


def chain_field(blocks: int, k: int, s: int, b: int) -> int:
    """The field by following the ends of what is read."""
    low = high = 0
    for n in reversed(range(blocks)):
        low, high = low * s, high * s + b**n * (k - 1)
    return high - low + 1


def test_the_smallest_depth_kernel_stride_and_growth() -> None:
    for want, k, s, b in itertools.product((2, 5, 17, 64, 125, 1000), (2, 3, 5), (1, 2), (1, 2, 3)):
        found = depth(want, k, s, b)
        assert found is not None and found.value == next(n for n in range(1, 2000) if chain_field(n, k, s, b) >= want)
        if found.below is not None:
            assert found.below < want <= found.reached
        wide = kernel(want, 3, s, b)
        assert wide is not None and wide.value == next(n for n in range(1, 2000) if chain_field(3, n, s, b) >= want)
        step = stride(want, 3, k, b)
        assert step is None or step.value == next(n for n in range(1, 2000) if chain_field(3, k, n, b) >= want)
        grown = growth(want, 3, k, s)
        assert grown is None or grown.value == next(n for n in range(1, 2000) if chain_field(3, k, s, n) >= want)


def test_what_cannot_be_reached_has_no_answer() -> None:
    assert depth(5, kernel=1) is None
    assert stride(100, blocks=1, kernel=3) is None
    assert smallest(lambda n: min(n, 10), 11) is None


def test_padding_reaches_a_size() -> None:
    for size, k, s, d in itertools.product((5, 12), (2, 3), (1, 2, 3), (1, 2)):
        for output in range(1, 9):
            right = {p for p in range(-20, 40) if size + p >= 1 and (size + p - d * (k - 1) - 1) // s + 1 == output}
            assert right == set(paddings(size, output, k, s, d)), (size, k, s, d, output)


NETS = [
    "conv 7 /2 p=3; max_pool 3 /2 p=1; conv 3 /2 p=1",
    "max_pool 3 /2 p=1 ceil; conv 3",
    "conv 3 /3; deconv 3 /2 p=1 output_padding=1",
    "conv 5 /2 padding=same; conv 2 /3 padding=valid",
]


@pytest.mark.parametrize("text", NETS)
def test_input_sizes_from_an_output_size(text: str) -> None:
    net = read(text)
    sizes: dict[int, list[int]] = {}
    for size in range(1, 150):
        try:
            sizes.setdefault(receptive_field(net, size).ends[0].axes[0].size or 0, []).append(size)
        except NetworkError:
            continue
    for output in range(1, 9):
        assert list(input_sizes(net, output)) == sizes.get(output, []), output


@pytest.mark.parametrize("text", NETS[:1] + NETS[2:])
def test_exact_sizes_leave_nothing_over(text: str) -> None:
    net = read(text)
    found = exact_sizes(net)
    for size in range(60, 120):
        report = receptive_field(net, size)
        sizes = {"input": size} | {row.name: row.axes[0].size for row in report.rows}
        exact = all(left_over(each, 0, sizes[each.inputs[0]]) == 0 for each in net.layers)
        assert exact == (size % found.modulus in found.remainders)


def test_ways_to_a_field() -> None:
    net = read("a: conv 3 p=1; b: max_pool 2; c: conv 3 p=1; d: conv 3 p=1 d=2")
    found = ways(net, 60)
    assert {w.what.split(" of ")[0].split(",")[0] for w in found} >= {"the kernel", "the dilation", "the stride"}
    for way in found:
        assert way.found.reached >= 60
        assert way.found.below is None or way.found.below < 60


def test_ways_of_a_decoder_count_its_smallest_phase() -> None:
    net = read("a: conv 3 p=1; b: max_pool 2; c: conv 3 p=1; d: deconv 3 /2 p=1 output_padding=1")
    fields = receptive_field(net)["d"].axes[0].fields
    assert fields and len(set(fields)) == 2
    assert all(w.found.reached >= 20 for w in ways(net, 20))


def test_published_formulas_are_settled() -> None:
    for claim, verdict in zip(CLAIMS, verdicts(), strict=True):
        assert verdict.tried > 40 and verdict.wrong_correction == 0, claim.title
        assert (verdict.first is None) == (verdict.wrong == 0)
        assert claim.also is None or claim.formula(**claim.also) != claim.counted(**claim.also)
    assert [v.claim.where.split(",")[0] for v in verdicts() if v.holds] == ["Araujo"]
    assert "L = 5, k = 3, s = 2, p = 0, where it says 3 and is 2" in page()


def test_a_wrong_correction_is_seen() -> None:
    from dataclasses import replace

    claim = replace(CLAIMS[0], correction=CLAIMS[0].formula)
    assert settle(claim).wrong_correction == settle(claim).wrong > 0


def test_a_network_of_one_layer_is_its_own_answer() -> None:
    net = Network((layer("a", "conv", kernel=3, ndim=1),), 1)
    assert [w.found.value for w in ways(net, 3) if w.what == "the kernel of 'a'"] == [3]


def test_questions_without_an_end_are_refused() -> None:
    with pytest.raises(NetworkError, match="at every large input size"):
        input_sizes(read("conv 3; global_pool"), 1)
    deep = read(";".join(["conv 3 /2 p=1"] * 40))
    with pytest.raises(NetworkError, match="too many to try"):
        exact_sizes(deep)
    assert input_sizes(read("conv 3 /2; a: conv 3 /2 padding=1; conv 1; resize 2"), 10) == tuple(range(19, 23))
