"""Long chains and large graphs take time in proportion to their layers."""

import time

from derive.network import Input, Network, layer, receptive_field
from derive.network.symbolic import formulas

receptive_field(Network((layer("warm", "conv", kernel=3, ndim=2),), 2), 9)


def chain(length: int) -> Network:
    strides = {7: 2, 99: 2, 1000: 2}
    layers = (
        layer(f"c{n}", "conv", f"c{n - 1}" if n else "input", kernel=3, padding=1, stride=strides.get(n, 1), cin=4, cout=4, ndim=2)
        for n in range(length)
    )
    return Network(tuple(layers), 2, (Input("input", 4, (1024, 768)),))


def graph(blocks: int) -> Network:
    """Residual blocks of four layers each."""
    layers, before = [], "input"
    for n in range(blocks):
        layers += [
            layer(f"a{n}", "conv", before, kernel=3, padding=1, cin=4, cout=4, ndim=2),
            layer(f"b{n}", "bn", f"a{n}", ndim=2),
            layer(f"r{n}", "pointwise", f"b{n}", ndim=2),
            layer(f"s{n}", "add", (f"r{n}", before), ndim=2),
        ]
        before = f"s{n}"
    return Network(tuple(layers), 2, (Input("input", 4, (64, 48)),))


def seconds(net: Network) -> float:
    started = time.process_time()
    receptive_field(net)
    return time.process_time() - started


def test_ten_thousand_layers_and_a_thousand_nodes() -> None:
    """The seconds only guard against an explosion: they are measured in benchmarks."""
    assert seconds(chain(10_000)) < 20
    assert seconds(graph(250)) < 20
    assert receptive_field(chain(10_000)).ends[0].axes[0].field == 1 + 2 * (8 + 92 * 2 + 901 * 4 + 8999 * 8)


def test_time_grows_with_the_layers() -> None:
    short, long = (min(seconds(chain(n)) for _ in range(3)) for n in (1000, 8000))
    assert long < 20 * short + 0.2


def test_formulas_of_a_deep_graph() -> None:
    started = time.process_time()
    found = formulas(graph(130))
    assert found.sizes["s129"] == found.symbols
    assert time.process_time() - started < 10
