"""The checker's benchmark: right and wrong implementations, judged by derive and by the tools in use today.

    python tests/benchmarks/checker_corpus.py [--only CLASS] [--op TEXT] [--jobs N] [--limit K] [--rivals] [--write]

Each check runs in a worker process, so that a candidate that hangs or exits costs one check. The table is printed; --write
puts it, with every entry's verdict, into docs/check-benchmark.md.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT)]

from corpus.catalogue import ENTRIES  # noqa: E402
from corpus.entry import CLASSES, MISBEHAVES, Entry  # noqa: E402
from corpus.tables import page, summary  # noqa: E402

LIMIT = 90.0  # seconds for one check, many times what one should take

Job = tuple[Entry, str]
Results = dict[tuple[str, str], dict[str, Any]]


def main() -> int:
    arguments = _arguments()
    if arguments.worker:
        return _work()
    results = _loaded(arguments.load) if arguments.load else _all(_chosen(arguments), arguments.jobs, arguments.rivals)
    if arguments.save:
        Path(arguments.save).write_text(json.dumps([[*k, v] for k, v in results.items()], indent=1), encoding="utf-8")
    print(summary(results, ENTRIES))
    if arguments.write:
        (ROOT / "docs" / "check-benchmark.md").write_text(page(results, ENTRIES), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", metavar="CLASS", help=f"'correct', or a class whose name holds this text: {', '.join(CLASSES)}")
    parser.add_argument("--op", metavar="TEXT", help="entries whose name (op/kind/what) holds this text")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="worker processes")
    parser.add_argument("--limit", type=int, metavar="K", help="the first K checks only")
    parser.add_argument("--rivals", action="store_true", help="run the other tools as well")
    parser.add_argument("--save", metavar="FILE", help="keep every outcome as JSON")
    parser.add_argument("--load", metavar="FILE", help="check nothing; take the outcomes that --save kept")
    parser.add_argument("--write", action="store_true", help="write docs/check-benchmark.md")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _chosen(arguments: argparse.Namespace) -> list[Job]:
    def wanted(e: Entry) -> bool:
        kind = "correct" if e.correct else e.category
        return (not arguments.only or arguments.only in kind) and (not arguments.op or arguments.op in e.id)

    found = [(e, dtype) for e in ENTRIES if wanted(e) and _installed(e.framework) for dtype in e.dtypes]
    return found[: arguments.limit]


def _loaded(file: str) -> Results:
    """Outcomes kept earlier, of the entries that there still are."""
    known = {e.id for e in ENTRIES}
    kept = json.loads(Path(file).read_text(encoding="utf-8"))
    return {(name, dtype): outcome for name, dtype, outcome in kept if name in known}


def _installed(framework: str) -> bool:
    from importlib.util import find_spec

    return framework == "numpy" or find_spec(framework) is not None


def _all(jobs: list[Job], workers: int, rivals: bool) -> Results:
    """Every job's outcome, by (id, dtype); progress on stderr."""
    waiting: queue.Queue[Job] = queue.Queue()
    for job in jobs:
        waiting.put(job)
    results: Results = {}
    threads = [threading.Thread(target=_feed, args=(waiting, results, rivals, len(jobs)), daemon=True) for _ in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def _feed(waiting: queue.Queue[Job], results: Results, rivals: bool, total: int) -> None:
    """One worker process, restarted when it dies."""
    worker = None
    while True:
        try:
            entry, dtype = waiting.get_nowait()
        except queue.Empty:
            break
        worker = worker if worker and worker.poll() is None else _started()
        outcome = _asked(worker, {"id": entry.id, "dtype": dtype, "rivals": rivals and _comparable(entry, dtype)})
        results[entry.id, dtype] = outcome
        mark = "ok  " if entry.wants(outcome["verdict"]) else "MISS"
        said = f"{mark} {outcome['verdict']:<10} {outcome['seconds']:5.1f} s  {entry.id} [{dtype}]"
        print(f"{len(results):4}/{total} {said}", file=sys.stderr)
    if worker and worker.stdin:
        worker.kill()


def _comparable(entry: Entry, dtype: str) -> bool:
    """Once for each entry, and not where a candidate would end or stop the process of whoever calls it."""
    return dtype == entry.dtypes[-1] and entry.category != MISBEHAVES


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _asked(worker: subprocess.Popen[str], request: dict[str, Any]) -> dict[str, Any]:
    """A worker's answer, or what became of it."""
    assert worker.stdin and worker.stdout
    began, late = time.perf_counter(), threading.Event()

    def stop() -> None:
        late.set()
        worker.kill()

    timer = threading.Timer(LIMIT, stop)
    timer.start()
    try:
        worker.stdin.write(json.dumps(request) + "\n")
        worker.stdin.flush()
        line = worker.stdout.readline()
    except BrokenPipeError:
        line = ""
    timer.cancel()
    if line:
        answer: dict[str, Any] = json.loads(line)
        return answer
    worker.kill()
    text = f"the worker ended with exit code {worker.wait()}"
    verdict = "timeout" if late.is_set() else "crashed"
    return {"verdict": verdict, "cause": "", "seconds": time.perf_counter() - began, "text": text, "rivals": {}}


def _work() -> int:
    """Answer requests, one JSON object a line; candidates may print what they like, it goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr
    by_id = {e.id: e for e in ENTRIES}
    for request in _lines():
        print(json.dumps(_answer(by_id[request["id"]], request)), file=answers, flush=True)
    return 0


def _lines() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


def _answer(entry: Entry, request: dict[str, Any]) -> dict[str, Any]:
    from corpus.rivals import object_to, rivals
    from corpus.runs import Outcome, run

    try:
        outcome = run(entry, request["dtype"])
    except Exception as error:
        outcome = Outcome("crashed", "", 0.0, f"{type(error).__name__}: {error}")
    said = {name: object_to(rival, entry) for name, rival in rivals().items()} if request["rivals"] else {}
    return {**outcome.fields(), "rivals": said}


if __name__ == "__main__":
    sys.exit(main())
