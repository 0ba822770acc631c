"""Lives many runs, several at a time, and survives the failure of any of them."""

from __future__ import annotations

import json
import os
import pickle
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twin.results.store import Run
from twin.scenario.scenario import Scenario

Watch = Callable[[float, float], None]
"""Called with (share done, wall seconds so far)."""


@dataclass(frozen=True)
class Task:
    """A scenario with a seed."""

    scenario: Scenario
    seed: int


@dataclass
class Done:
    """What became of a task: a run, or the error that ended it."""

    task: Task
    run: Run | None = None
    error: str | None = None


@dataclass
class _Worker:
    position: int
    file: Path
    process: subprocess.Popen[str]
    log: Path
    share: float = field(default=0.0)


def live_all(
    tasks: Sequence[Task], results: Path, jobs: int, watch: Watch | None = None
) -> list[Done]:
    """Live every task, each in a process of its own, and take finished ones from the store.

    Parameters
    ----------
    tasks
        What to live.
    results
        Folder of the results; runs that are finished there are not lived again.
    jobs
        Processes at a time.
    watch
        Told how far it is.

    Returns
    -------
    list of Done
        One a task, in the same order; a failed one carries its error.
    """
    done = [Done(task) for task in tasks]
    shares = [0.0] * len(tasks)
    began = time.monotonic()
    waiting = list(range(len(tasks)))[::-1]
    with tempfile.TemporaryDirectory(prefix="twin-jobs-") as folder:
        selector = selectors.DefaultSelector()
        running: list[_Worker] = []
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    worker = _start(waiting.pop(), tasks, results, Path(folder))
                    selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
                    running.append(worker)
                for key, _ in selector.select(timeout=0.5):
                    worker = key.data
                    line = key.fileobj.readline()  # type: ignore[union-attr]
                    if line:
                        shares[worker.position] = _share(line, shares[worker.position])
                        continue
                    selector.unregister(key.fileobj)
                    running.remove(worker)
                    _finish(worker, done[worker.position])
                    shares[worker.position] = 1.0
                if watch is not None:
                    watch(sum(shares) / max(1, len(shares)), time.monotonic() - began)
        finally:
            for worker in running:
                worker.process.terminate()
            for worker in running:
                worker.process.wait()
            selector.close()
    return done


def _start(position: int, tasks: Sequence[Task], results: Path, folder: Path) -> _Worker:
    task = tasks[position]
    file, log = folder / f"{position}.task", folder / f"{position}.log"
    content = {"scenario": task.scenario, "seed": task.seed, "results": str(results.resolve())}
    file.write_bytes(pickle.dumps(content))
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "twin.experiment.worker", str(file)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    return _Worker(position, file, process, log)


def _share(line: str, before: float) -> float:
    try:
        return float(line)
    except ValueError:  # a library wrote to standard output
        return before


def _finish(worker: _Worker, done: Done) -> None:
    code = worker.process.wait()
    if worker.process.stdout is not None:
        worker.process.stdout.close()
    success, failure = worker.file.with_suffix(".done"), worker.file.with_suffix(".error")
    if success.is_file():
        done.run = Run.open(success.read_text(encoding="utf-8"))
    elif failure.is_file():
        done.error = json.loads(failure.read_text(encoding="utf-8"))["message"]
    else:
        last = worker.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
        done.error = "\n".join([f"the process of this run ended with code {code}", *last])
