"""A progress line on a terminal, and silence in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

from twin.core.time import Tick


def _span(seconds: float) -> str:
    """Seconds as a short text: ``42 s``, ``3 min 05 s``, ``2 h 10 min``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class Bar:
    """One line that says how far it is: simulated time, × real time, time left.

    Parameters
    ----------
    title
        What is going on.
    stream
        Where to write; silent unless it is a terminal.
    """

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()
        self._began = time.monotonic()
        self._last = 0.0
        self._width = 0

    def ticks(self, now: Tick, end: Tick) -> None:
        """Progress of one run."""
        spent = time.monotonic() - self._began
        speed = now / 1000.0 / spent if spent > 0 else 0.0
        simulated = f"{_span(now / 1000)} of {_span(end / 1000)}, {speed:,.0f} x real time"
        self._draw(now / end if end else 1.0, simulated, now >= end)

    def share(self, done: float, _spent: float = 0.0) -> None:
        """Progress of many runs, as a share."""
        self._draw(done, f"{done:.0%}", done >= 1.0)

    def _draw(self, done: float, text: str, last: bool) -> None:
        now = time.monotonic()
        if not self._shown or (now - self._last < 0.2 and not last):
            return
        self._last = now
        spent = now - self._began
        left = f", {_span(spent * (1 - done) / done)} left" if done > 0.01 else ""
        line = f"{self._title}: {text}, {_span(spent)} spent{left}"[:118]
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown and self._width:
            self._stream.write("\n")
            self._stream.flush()
