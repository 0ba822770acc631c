"""Tap changers that keep a voltage in its band, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.energy.flow.network import Complex, Flags, Floats, Rows
from models.energy.flow.result import Branches, Result
from models.energy.flow.solve import PowerFlow, Want
from twin.errors import ConfigError

FIRST_BLOCK, LONGEST_BLOCK = 64, 4096
"""Steps that :func:`regulate` solves at once, before it knows whether a tap moves among them."""


@dataclass(frozen=True)
class TapChanger:
    """A tap changer at the *from* end of a transformer, and its voltage regulator.

    A position above the neutral one adds turns at the *from* end and so lowers the voltage behind
    the transformer.

    Attributes
    ----------
    branch, bus : int
        Rows of the transformer and of the bus whose voltage it keeps.
    lowest, neutral, highest : int
        Positions. Nine, as an assumption: the makers of regulated distribution transformers offer
        three to nine.
    step : float, 1
        Change of the ratio from one position to the next; 2.5 %, as distribution transformers
        have it for their off-load taps.
    target : float, per unit
        Voltage to keep.
    deadband : float, per unit
        The voltage may be this far above or below the target; more than half a step, so that it
        does not hunt.
    delay : int
        The voltage must have been outside for this many steps before the tap moves.
    """

    branch: int
    bus: int
    lowest: int = -4
    neutral: int = 0
    highest: int = 4
    step: float = 0.025
    target: float = 1.0
    deadband: float = 0.02
    delay: int = 0

    def __post_init__(self) -> None:
        if not self.lowest <= self.neutral <= self.highest:
            raise ConfigError(
                f"a tap changer from {self.lowest} to {self.highest} with its neutral position at"
                f" {self.neutral}",
                allowed="lowest, neutral, highest in this order",
            )
        if not 0.0 < self.step < 2.0 * self.deadband:
            raise ConfigError(
                f"a deadband of ±{self.deadband} for taps of {self.step}",
                allowed="a band wider than a tap, or it moves without end",
            )


class Panel:
    """Tap changers side by side, as arrays.

    Parameters
    ----------
    changers
    """

    def __init__(self, changers: Sequence[TapChanger]) -> None:
        def column(name: str, kind: type) -> Any:
            return np.array([getattr(changer, name) for changer in changers], dtype=kind)

        self.branch: Rows = column("branch", np.int64)
        self.bus: Rows = column("bus", np.int64)
        self.neutral: Rows = column("neutral", np.int64)
        self.delay: Rows = column("delay", np.int64)
        self._lowest, self._highest = column("lowest", np.int64), column("highest", np.int64)
        self._step = column("step", np.float64)
        target, deadband = column("target", np.float64), column("deadband", np.float64)
        self.aim(target, deadband)
        self.rounds = int((self._highest - self._lowest).max(initial=0)) + 1

    def aim(self, target: Floats, deadband: Floats) -> None:
        """Keep other voltages; (n_changer,) float64, per unit."""
        if (self._step >= 2.0 * deadband).any():
            raise ConfigError(
                f"a deadband of ±{deadband.min()} for taps of {self._step.max()}",
                allowed="a band wider than a tap, or it moves without end",
            )
        self._low, self._high = target - deadband, target + deadband

    def wanted(self, voltage: Floats, positions: Rows) -> Rows:
        """Where each changer would go: -1, 0 or 1; 0 at its end, and without supply.

        Parameters
        ----------
        voltage : (n_changer,) or (n_changer, n_step) float64, per unit
        positions : (n_changer,) int64
        """
        shape = (-1,) + (1,) * (voltage.ndim - 1)
        low, high = self._low.reshape(shape), self._high.reshape(shape)
        may_fall = (positions > self._lowest).reshape(shape)
        may_rise = (positions < self._highest).reshape(shape)
        down = (voltage > 0.0) & (voltage < low) & may_fall
        up = (voltage > high) & may_rise
        wanted: Rows = up.astype(np.int64) - down.astype(np.int64)
        return wanted

    def ratio(self, middle: Complex, positions: Rows) -> Complex:
        """Ratios at positions, from those at the neutral ones.

        Parameters
        ----------
        middle : (n_changer,) complex128
        positions : (n_changer,) or (n_changer, n_step) int64
        """
        ratio: Complex = (middle * (1.0 + (positions.T - self.neutral) * self._step)).T
        return ratio


def regulate(
    flow: PowerFlow,
    changers: Sequence[TapChanger],
    active: Floats,
    reactive: Floats,
    positions: Rows | None = None,
    *,
    want: Want = "complex",
) -> tuple[Result, Rows]:
    """Power flow of many steps in the order of time, with taps that move and stay.

    Stretches in which no tap moves are solved at once. At a step where a changer's voltage has been
    outside its band for more steps than its delay, it moves until the voltage is inside, or it is
    at its end; the others move with it as far as they may.

    Parameters
    ----------
    flow
        Its ratios are those of the neutral positions.
    changers
    active, reactive : (n_bus, n_step) float64, W and var
    positions : (n_changer,) int64
        At the start; neutral where not given.
    want
        As in :meth:`PowerFlow.solve`.

    Returns
    -------
    Result
        Of all steps, with the ratios of each.
    positions : (n_changer, n_step) int64
        In which each step was solved.
    """
    panel, steps = Panel(changers), active.shape[1]
    middle = flow.ratio[panel.branch]
    now = panel.neutral.copy() if positions is None else np.array(positions, dtype=np.int64)
    waited = np.zeros(len(now), dtype=np.int64)
    taken = np.empty((len(now), steps), dtype=np.int64)
    pieces: list[Result] = []
    done, block = 0, FIRST_BLOCK
    while done < steps:
        part = slice(done, min(done + block, steps))
        ratio = panel.branch, panel.ratio(middle, now)
        found = flow.solve(active[:, part], reactive[:, part], ratio=ratio, want=want)
        quiet, waited = _quiet(panel, panel.wanted(found.voltage[panel.bus], now), waited)
        pieces.append(_first(found, quiet))
        taken[:, done : done + quiet] = now[:, None]
        done += quiet
        if quiet == found.steps:
            block = min(2 * block, LONGEST_BLOCK)
            continue
        block = max(block // 2, 1)
        here = slice(done, done + 1)
        loads = active[:, here], reactive[:, here]
        moved, now = _settle(flow, panel, middle, now, waited, *loads, want)
        waited = np.where(waited > panel.delay, 0, waited)
        pieces.append(moved)
        taken[:, done] = now
        done += 1
    ratios = panel.ratio(middle, taken)
    return _joined(flow, pieces, panel.branch, ratios, active, reactive), taken


def _quiet(panel: Panel, wanted: Rows, waited: Rows) -> tuple[int, Rows]:
    """How many steps pass before a changer moves, and how long each has waited by then."""
    if not wanted.any():
        return wanted.shape[1], np.zeros_like(waited)
    for step in range(wanted.shape[1]):
        waited = np.where(wanted[:, step] != 0, waited + 1, 0)
        if (waited > panel.delay).any():
            return step, waited
    return wanted.shape[1], waited


def _settle(
    flow: PowerFlow,
    panel: Panel,
    middle: Complex,
    positions: Rows,
    waited: Rows,
    active: Floats,
    reactive: Floats,
    want: Want,
) -> tuple[Result, Rows]:
    """One step, with the changers that have waited long enough moved to where they belong."""
    may = waited > panel.delay
    for _ in range(panel.rounds):
        ratio = panel.branch, panel.ratio(middle, positions)
        found = flow.solve(active, reactive, ratio=ratio, want=want)
        wanted = np.where(may, panel.wanted(found.voltage[panel.bus, 0], positions), 0)
        if not wanted.any():
            break
        positions = positions + wanted
    return found, positions


def _first(found: Result, steps: int) -> Result:
    return replace(
        found,
        parts=tuple(part[:, :steps] for part in found.parts),
        converged_steps=found.converged_steps[:steps],
        sweeps=found.sweeps[:steps],
    )


def _joined(
    flow: PowerFlow,
    pieces: list[Result],
    rows: Rows,
    ratios: Complex,
    active: Floats,
    reactive: Floats,
) -> Result:
    """The pieces one after the other."""
    last = pieces[-1]
    return Result(
        tuple(
            np.concatenate(part, axis=1)
            for part in zip(*(piece.parts for piece in pieces), strict=True)
        ),
        np.concatenate([piece.converged_steps for piece in pieces]),
        np.concatenate([piece.sweeps for piece in pieces]),
        last.supplied,
        Branches(flow.network, last.branches.closed, flow.ratio, rows, ratios),
        active,
        reactive,
        single=False,
    )


class Regulator:
    """Tap changers of a network that lives: their positions stay from solution to solution.

    Parameters
    ----------
    flow
        Its ratios at the start are those of the neutral positions.
    changers
        None works until :meth:`choose` names it.
    """

    def __init__(self, flow: PowerFlow, changers: Sequence[TapChanger]) -> None:
        self._flow, self._panel = flow, Panel(changers)
        self._middle = flow.ratio[self._panel.branch]
        self._waited = np.zeros(len(changers), dtype=np.int64)
        self._works = np.zeros(len(changers), dtype=bool)
        self.positions: Rows = self._panel.neutral.copy()

    def choose(self, works: Flags) -> None:
        """Which changers work; the others go to their neutral position; (n_changer,) bool."""
        works = np.asarray(works, dtype=bool)
        if works.shape != self._works.shape:
            raise ConfigError(
                f"{works.shape} flags of tap changers", allowed=f"{self._works.shape}"
            )
        self._works, self._waited = works.copy(), np.where(works, self._waited, 0)
        self._go(np.where(works, self.positions, self._panel.neutral))

    def aim(self, target: float, deadband: float) -> None:
        """Keep another voltage, with all changers; per unit."""
        count = len(self.positions)
        self._panel.aim(np.full(count, target), np.full(count, deadband))

    def recentre(self, middle: Complex) -> None:
        """Other ratios at the neutral positions, as a tap set by hand makes them; (n_changer,)."""
        self._middle = np.array(middle, dtype=np.complex128)
        self._set()

    def solve(self, active: Floats, reactive: Floats) -> Result:
        """One step; (n_bus,) W and var. Changers move as in :func:`regulate`."""
        found = self._flow.solve(active, reactive)
        if not self._works.any():
            return found
        wanted = self._wanted(found, self._works)
        self._waited = np.where(wanted != 0, self._waited + 1, 0)
        may = self._works & (self._waited > self._panel.delay)
        for _ in range(self._panel.rounds):
            wanted = self._wanted(found, may)
            if not wanted.any():
                break
            self._go(self.positions + wanted)
            self._waited[may] = 0
            found = self._flow.solve(active, reactive)
        return found

    def _wanted(self, found: Result, among: Flags) -> Rows:
        voltage = found.voltage[self._panel.bus]
        return np.where(among, self._panel.wanted(voltage, self.positions), 0)

    def _go(self, positions: Rows) -> None:
        if (positions != self.positions).any():
            self.positions = positions
            self._set()

    def _set(self) -> None:
        ratio = self._flow.ratio.copy()
        ratio[self._panel.branch] = self._panel.ratio(self._middle, self.positions)
        self._flow.ratio = ratio
