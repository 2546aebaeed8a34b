"""Networks from papers, tool documentation and issue threads: every published number, and that the wrong ones are not ours."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from network_known import DATA, Case, cases, judged, main

from derive.network import rules
from derive.network.maps import Map, Reads
from derive.network.rules import Rule
from derive.network.windows import Along

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_number(case: Case) -> None:
    count, wrong = judged(case)
    assert wrong == []
    assert count


def test_all_of_the_file_is_there() -> None:
    assert len(CASES) == len({c.name for c in CASES}) == 138
    assert sum("wrong_published" in c.data for c in CASES) == 11


@pytest.mark.parametrize("op", ["conv", "max_pool", "conv_transpose", "adaptive_avg_pool", "pad", "add"])
def test_a_wrong_rule_is_seen(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = rules.RULES[op]
    off_by_one = Rule(lambda at, sizes, by: right.size(at, sizes, by) + 1, right.reads, right.periodic, right.partial)
    monkeypatch.setitem(rules.RULES, op, off_by_one)  # type: ignore[arg-type]
    users = [Case(c.data) for c in CASES if any(x["op"] == op for x in c.data["layers"]) and c.data.get("input_size")]
    assert users and any(judged(c)[1] for c in users)


@pytest.mark.parametrize("op", ["conv", "max_pool", "conv_transpose", "pad"])
def test_a_wrong_map_is_seen(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = rules.RULES[op]

    def shifted(at: Along, n: int, sizes: Sequence[int | None], out: int | None) -> Map | None:
        reads = right.reads(at, n, sizes, out)
        return replace(reads, taps=tuple([t + 1 for t in taps] for taps in reads.taps)) if isinstance(reads, Reads) else reads

    monkeypatch.setitem(rules.RULES, op, replace(right, reads=shifted))  # type: ignore[arg-type]
    users = [Case(c.data) for c in CASES if any(x["op"] == op for x in c.data["layers"]) and "padding" in str(c.data["expected"])]
    phases = [Case(c.data) for c in CASES if "phase" in str(c.data["expected"])]
    assert any(judged(c)[1] for c in (*users, *phases))


def test_a_wrong_number_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(DATA.read_text())[:3]
    data[0]["expected"]["rf_x"] = 4
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(data))
    assert main(file) == 1
    assert "2 of 3 cases agree" in capsys.readouterr().out
    file.write_text(json.dumps(data[1:]))
    assert main(file) == 0
