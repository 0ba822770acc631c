"""A signal plan in TOML: offsets, and green times of the phases."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.traffic.signals.programs import Program, read
from twin.errors import DataError


def plans(file: Path, before: Mapping[str, Program]) -> list[tuple[Program, Program]]:
    """Programs of a plan, each with the one whose place it takes.

    Parameters
    ----------
    file
        An additional file of SUMO with ``<tlLogic>`` elements, or TOML: a table for each signal
        with ``offset`` (s) and ``greens`` (s, one for each green phase in their order).
    before
        The programs that the signals run.

    Raises
    ------
    DataError
        The file is no plan, names a signal that the city does not have, or does not fit its phases.
    """
    if file.suffix != ".toml":
        given = [(program, _known(before, program.signal, file)) for program in read(file)]
        for program, usual in given:
            _check_states(program, usual, file)
        return given
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{file.name} is no plan: {error}", where=str(file)) from None
    return [
        (_changed(_known(before, signal, file), values, file), before[signal])
        for signal, values in content.items()
    ]


def _known(before: Mapping[str, Program], signal: str, file: Path) -> Program:
    if signal not in before:
        raise DataError(
            f"there is no signal {signal!r}",
            where=str(file),
            allowed=", ".join(list(before)[:8]) + (" ..." if len(before) > 8 else ""),
        )
    return before[signal]


def _check_states(program: Program, usual: Program, file: Path) -> None:
    wanted = len(usual.phases[0].state) if usual.phases else 0
    if not program.phases or any(len(phase.state) != wanted for phase in program.phases):
        raise DataError(
            f"signal {program.signal!r}: its phases do not fit its {wanted} links",
            where=str(file),
            allowed=f"phases with a state of {wanted} letters",
        )


def _changed(usual: Program, values: Any, file: Path) -> Program:
    """A program with other green times and another offset."""
    where = f"{file}, signal {usual.signal!r}"
    unknown = set(values) - {"offset", "greens"} if isinstance(values, dict) else {"?"}
    if unknown:
        raise DataError(
            f"{', '.join(sorted(unknown))} is not known here", where=where, allowed="offset, greens"
        )
    offset = values.get("offset", usual.offset)
    at = [number for number, phase in enumerate(usual.phases) if phase.green]
    greens = values.get("greens", [usual.phases[number].duration for number in at])
    if len(greens) != len(at) or not all(float(g) >= 1.0 for g in greens):
        raise DataError(
            f"greens = {greens}",
            where=where,
            allowed=f"{len(at)} times of 1 s or more, for the phases "
            + ", ".join(usual.phases[number].state for number in at),
        )
    phases = list(usual.phases)
    for number, green in zip(at, map(float, greens), strict=True):
        phases[number] = replace(phases[number], duration=green, shortest=green, longest=green)
    return replace(usual, kind="static", offset=float(offset), phases=tuple(phases))
