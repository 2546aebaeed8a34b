"""The geometry of whole networks: sizes, receptive fields and costs, exact, from each layer's index map."""

from derive.network.costs import CONVENTIONS, Cost, operations
from derive.network.model import OPS, Input, Layer, Network, NetworkError, UnreadableNetwork, layer, resized
from derive.network.reader import read
from derive.network.report import Report, Row, View, receptive_field

__all__ = [
    "CONVENTIONS",
    "OPS",
    "Cost",
    "Input",
    "Layer",
    "Network",
    "NetworkError",
    "Report",
    "Row",
    "UnreadableNetwork",
    "View",
    "layer",
    "operations",
    "read",
    "receptive_field",
    "resized",
]
