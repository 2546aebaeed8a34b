"""The short text: one layer to a line (or between semicolons), each reading the one before unless it says which.

    input 3 224x224                       channels and size, if they are to be known
    stem: conv 7 /2 padding=3 cout=64     a name, an op, the kernel, the stride, other settings
    max_pool 3 /2 padding=1
    a: conv 3 padding=same cout=64
    conv 1 cout=64 < stem                 what it reads
    add < a, conv5                        a layer without a name has its op and the number of its line among the layers
"""

from __future__ import annotations

import re
from typing import Any

from derive.network.model import OPS, UnreadableNetwork
from derive.network.ops import SETTINGS, meant


def parsed(text: str, name: str) -> dict[str, Any]:
    """The text as plain data; UnreadableNetwork names the line that cannot be read."""
    data: dict[str, Any] = {"layers": []}
    for line in re.split(r"[\n;]", text):
        words = line.split("#")[0].strip()
        if not words:
            continue
        try:
            if re.match(r"input\b(?!\s*:)", words):
                data |= _input(words.split()[1:])
            else:
                data["layers"].append(_layer(words, len(data["layers"]) + 1))
        except ValueError as error:
            raise UnreadableNetwork(f'{name}, "{words}": {error}') from None
    if not data["layers"]:
        raise UnreadableNetwork(f"{name}: it has no layers")
    return data


def _input(words: list[str]) -> dict[str, Any]:
    """Channels, then a size such as 224x224; either may be missing."""
    found: dict[str, Any] = {}
    for word in words:
        if "x" in word or "input_channels" in found:
            found["input_size"] = [_number(w) for w in word.split("x")]
        else:
            found["input_channels"] = _number(word)
    return found


def _layer(words: str, number: int) -> dict[str, Any]:
    words, reads, inputs = words.partition("<")
    named = re.match(r"([^\s=:]+)\s*:\s+(.*)", words)
    name, rest = (named[1], named[2]) if named else ("", words)
    op, *settings = rest.split()
    found: dict[str, Any] = {"name": name or f"{op}{number}", "op": op}
    if reads:
        found["inputs"] = [i.strip() for i in inputs.split(",") if i.strip()]
    for word in settings:
        key, value = _setting(op, word)
        if key in found:
            raise ValueError(f"{key} is given twice")
        found[key] = value
    return found


def _setting(op: str, word: str) -> tuple[str, Any]:
    """A setting: key=value, /stride, a bare number (the kernel, or what the op needs), or a word that is true."""
    key, equals, value = word.partition("=")
    if equals:
        return SETTINGS.get(key, key), _value(value)
    if word.startswith("/"):
        return "stride", _value(word[1:])
    if word[0].isdigit() or word[0] == "-":
        kind = OPS.get(meant(op)[0], OPS["conv"])  # most have a kernel
        return next((need for need in sorted(kind.needs)), "scale" if "scale" in kind.settings else "cout"), _value(word)
    return SETTINGS.get(word, word), True


def _value(text: str) -> Any:
    """3, 3x5 per axis, 1,2 for before and after, 1,2x0,0 for pairs per axis, 1/2, true, or a word."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[-\d,x]+", text):
        axes = [_pair(part) for part in text.split("x")]
        return axes if len(axes) > 1 or isinstance(axes[0], list) else axes[0]
    return float(text) if re.fullmatch(r"\d+\.\d+", text) else text


def _pair(text: str) -> Any:
    return [_number(t) for t in text.split(",")] if "," in text else _number(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f'"{text}" is no whole number')
    return int(text)
