"""One run in a process of its own: a crash of a library ends this run and no other.

Started as ``python -m twin.experiment.worker TASK``, where ``TASK`` is a JSON file; prints progress
as one number a line, and writes an error beside the task.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from twin.core.time import Tick
from twin.errors import TwinError
from twin.experiment.live import run
from twin.memory import leave, seldom_collect
from twin.scenario.scenario import Scenario


def _say(now: Tick, end: Tick) -> None:
    sys.stdout.write(f"{now / end:.4f}\n")
    sys.stdout.flush()


def main(task_file: Path) -> int:
    """Live the run of a task file; 0 when it is finished."""
    seldom_collect()
    task = pickle.loads(task_file.read_bytes())
    scenario: Scenario = task["scenario"]
    try:
        found = run(scenario, task["seed"], results=task["results"], again=False, progress=_say)
    except TwinError as error:
        message = {"kind": type(error).__name__, "message": str(error)}
        task_file.with_suffix(".error").write_text(json.dumps(message), encoding="utf-8")
        return 1
    task_file.with_suffix(".done").write_text(str(found.folder), encoding="utf-8")
    return 0


if __name__ == "__main__":
    leave(main(Path(sys.argv[1])))
