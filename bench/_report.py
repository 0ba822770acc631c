"""What every benchmark shares: its arguments, its table and its JSON file."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Figure:
    """One measured number beside its peer.

    Attributes
    ----------
    value
        Ours, in ``unit``.
    unit
        Unit of ``value`` and ``peer``.
    peer
        The same measured on the peer in the same run; None without a peer.
    ratio
        ``value / peer`` unless the figure says otherwise; None without a peer.
    """

    value: float
    unit: str
    peer: float | None = None
    ratio: float | None = None


@dataclass
class Bench:
    """A benchmark in progress: ``python -m bench.NAME [--quick] [--json FILE]``.

    Attributes
    ----------
    title
        Heading of the table.
    quick
        True asks for a short run whose figures are only indicative.
    json
        File for the figures, if one was asked for.
    figures
        What was measured, by name.
    """

    title: str
    quick: bool = False
    json: Path | None = None
    figures: dict[str, Figure] = field(default_factory=dict)
    _notes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_arguments(cls, title: str, arguments: Sequence[str] | None = None) -> Bench:
        """A benchmark as the command line asks for it."""
        parser = argparse.ArgumentParser(description=title)
        parser.add_argument("--quick", action="store_true", help="a short, indicative run")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
        given = parser.parse_args(arguments)
        return cls(title, given.quick, given.json)

    def figure(
        self,
        name: str,
        value: float,
        unit: str,
        peer: float | None = None,
        ratio: float | None = None,
        note: str = "",
    ) -> Figure:
        """Add a figure; its ratio is ``value / peer`` unless given. ``note`` shows in the table."""
        if ratio is None and peer:
            ratio = value / peer
        found = Figure(float(value), unit, peer, ratio)
        self.figures[name] = found
        self._notes[name] = note
        return found

    def table(self) -> str:
        """The figures as aligned text."""
        rows = [("figure", "value", "peer", "ratio", "unit", "")]
        rows += [
            (name, _number(f.value), _number(f.peer), _number(f.ratio), f.unit, self._notes[name])
            for name, f in self.figures.items()
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = ["  ".join(_align(row, widths)).rstrip() for row in rows]
        return "\n".join([self.title + (" (quick)" if self.quick else ""), *lines])

    def finish(self) -> None:
        """Print the table and write the JSON file that was asked for."""
        print(self.table(), flush=True)
        if self.json is not None:
            self.json.write_text(json.dumps(self.content(), indent=2) + "\n", encoding="utf-8")

    def content(self) -> dict[str, dict[str, Any]]:
        """``{figure: {value, unit, peer, ratio}}``."""
        return {
            name: {"value": f.value, "unit": f.unit, "peer": f.peer, "ratio": f.ratio}
            for name, f in self.figures.items()
        }


def alternate(
    repetitions: int, *sides: Callable[[], T], progress: Callable[[int, int, T], None] | None = None
) -> list[list[T]]:
    """Run the sides in turn, so that a slow minute of the machine meets them all.

    Returns
    -------
    list of list
        For each side, one result a repetition. ``progress(side, repetition, result)`` sees each.
    """
    results: list[list[T]] = [[] for _ in sides]
    for repetition in range(repetitions):
        for side, work in enumerate(sides):
            results[side].append(work())
            if progress is not None:
                progress(side, repetition, results[side][-1])
    return results


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call, s."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _align(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    numeric = (1, 2, 3)
    return [
        cell.rjust(width) if i in numeric else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
