"""Runs a program to its end and says what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sumo


@dataclass(frozen=True)
class Cost:
    """What a program took.

    Attributes
    ----------
    wall, processor
        Wall and processor time, s; the processor time of its children included.
    memory
        Largest resident memory of the program and its children together, MB.
    """

    wall: float
    processor: float
    memory: float


def sumo_command(seed: int, end: float) -> list[str]:
    """Plain SUMO on the scenario in the folder that it runs in."""
    program = str(Path(sumo.SUMO_HOME, "bin", "sumo"))
    return [program, "-c", "run.sumocfg", "--seed", str(seed), "--end", f"{end:g}", "--no-warnings"]


def measure(command: Sequence[str], folder: Path) -> Cost:
    """Run a program in a folder.

    Raises
    ------
    SystemExit
        It failed; its own words are shown.
    """
    began = time.perf_counter()
    before = os.times()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        watch = _Memory(process.pid)
        watch.start()
        said, _ = process.communicate()
        watch.ended.set()
        watch.join()
    wall, after = time.perf_counter() - began, os.times()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{said.decode(errors='replace')}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return Cost(wall, used, watch.peak / 1e6)


class _Memory(threading.Thread):
    """Watches the resident memory of a process and its children, twice a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        import psutil

        self._psutil, self._process = psutil, psutil.Process(pid)
        self.peak, self.ended = 0.0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                now = sum(member.memory_info().rss for member in family)
            except self._psutil.Error:
                continue
            self.peak = max(self.peak, float(now))
