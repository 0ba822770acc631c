"""What to expect of each container: its level at a moment, and when it will be full."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.waste.forecast import kernels
from models.waste.forecast.filling import Filling, disbelieved, follow
from models.waste.forecast.fitting import learn
from models.waste.forecast.quality import Quality
from models.waste.forecast.recording import FULL, Floats, Recording
from twin.errors import DataError

SILENT = 4.0
"""Usual cycles without a word after which a container is called silent."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Outlook:
    """Forecast of m containers for one moment; hours are since 1970 on the recording's clock.

    Attributes
    ----------
    at
        The moment, h.
    ids : (m,) str
        Containers.
    emptied, seen : (m,) float64, h
        Last emptying and last reading since; NaN where there is none.
    level, low, high : (m,) float64, %
        Median and 90 % interval of the level; NaN for a container that was never emptied.
    full : (m,) float64
        Probability that it is full.
    rate : (m,) float64, %/day
        Median of its filling, from empty to full.
    full_at, full_from, full_to : (m,) float64, h
        Median and 90 % interval of the moment at which it will be full.
    silent : (m,) bool
        Neither emptied nor read for four of its usual cycles: perhaps no longer there.
    quality
        Of the recording, of its rows before the moment.
    ended
        Its last event before the moment, h.
    """

    at: float
    ids: npt.NDArray[np.str_]
    emptied: Floats
    seen: Floats
    level: Floats
    low: Floats
    high: Floats
    full: Floats
    rate: Floats
    full_at: Floats
    full_from: Floats
    full_to: Floats
    silent: npt.NDArray[np.bool_]
    quality: Quality
    ended: float

    def warnings(self) -> list[str]:
        """What makes the forecast old: a recording that ended long before, silent containers."""
        found = []
        if self.silent.all():
            days = (self.at - self.ended) / 24.0
            found.append(
                f"the recording ends {moment(self.ended)}, {days:.0f} days before: every container "
                f"has been silent for over {SILENT:g} of its usual cycles"
            )
        elif self.silent.any():
            found.append(
                f"{int(self.silent.sum())} of {len(self.ids)} containers have been silent for over "
                f"{SILENT:g} of their usual cycles, such as {self.ids[self.silent][0]}"
            )
        return found

    def write(self, file: Path) -> None:
        """One row a container as CSV."""
        import csv

        with file.open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(COLUMNS)
            rows.writerows(self.rows())

    def rows(self) -> list[list[str]]:
        """Cells of :data:`COLUMNS`, the fullest container first, silent ones last."""
        likely = np.nan_to_num(self.full, nan=-1.0)
        order = np.lexsort((-likely, self.silent))
        return [
            [
                str(self.ids[i]),
                moment(self.at),
                *(_number(column[i], 1) for column in (self.level, self.low, self.high)),
                _number(self.full[i], 3),
                _number(self.rate[i], 1),
                *(moment(h[i]) for h in (self.full_at, self.full_from, self.full_to)),
                moment(self.emptied[i]),
                moment(self.seen[i]),
                "silent" if self.silent[i] else "",
            ]
            for i in order.tolist()
        ]

    def table(self, most: int = 15) -> str:
        """The containers that are fullest, as aligned text."""
        head = f"{'container':20}{'level':>7}{'90 %':>14}{'P full':>8}{'%/day':>7}  full"
        lines = [f"forecast for {moment(self.at)}, {len(self.ids)} containers", head]
        for row in self.rows()[:most]:
            interval = f"{row[3]}-{row[4]}"
            lines.append(
                f"{row[0][:19]:20}{row[2]:>7}{interval:>14}{row[5]:>8}{row[6]:>7}  "
                f"{row[7]} ({row[8]} to {row[9]}) {row[12]}"
            )
        if len(self.ids) > most:
            lines.append(f"… {len(self.ids) - most} more: -o FILE writes all")
        return "\n".join(lines)


COLUMNS = (
    "container", "at", "level", "level_low", "level_high", "probability_full", "percent_per_day",
    "full_at", "full_from", "full_to", "last_emptied", "last_seen", "note",
)  # fmt: skip


def forecast(
    given: Recording,
    at: float | None = None,
    filling: Filling | None = None,
    noise: float | None = None,
) -> Outlook:
    """Forecast every container for a moment, from what was recorded before it.

    Parameters
    ----------
    given
        The recording.
    at
        The moment, h since 1970; the end of the recording when left out.
    filling
        A fitted model; fitted to what came before the moment when left out.
    noise
        Deviation of a reading, %, for that fit; estimated when left out.

    Raises
    ------
    DataError
        Nothing was recorded before the moment.
    """
    at = float(given.hour[-1]) if at is None else at
    past = given.between(-np.inf, np.nextafter(at, np.inf))
    if not np.isfinite(past.level).any():
        raise DataError(
            f"nothing was recorded before {moment(at)}",
            allowed=f"a moment after {moment(float(given.hour[0]))}",
        )
    filling = learn(past, noise) if filling is None else filling
    par = filling.parameters
    track = follow(past, par)
    state = track.state
    vector, profile = par.vector(), par.cumulative()
    mean, deviation, base = np.array(
        [
            kernels.outlook(s, vector, profile, at, False)
            if s[kernels.BEGAN] <= at
            else (np.nan,) * 3
            for s in state
        ]
    ).T
    flags = past.quality.flags + disbelieved(past, track)
    quality = replace(past.quality, flags=sorted(flags, key=lambda flag: flag.line))
    low, high = filling.interval(mean, deviation, base)
    emptied, seen = state[:, kernels.BEGAN], state[:, kernels.SEEN]
    begin = np.where(np.isnan(seen), emptied, seen)
    silent = at - begin > SILENT * np.exp(state[:, kernels.EXPOSED])
    full_at, full_from, full_to = (
        _later(profile, begin, filling.hours_to_full(state, share)) for share in (0.5, 0.05, 0.95)
    )
    return Outlook(
        at, past.ids, emptied, seen,
        filling.quantile(mean, deviation, base, 0.5), low, high,
        1.0 - filling.below(mean, deviation, base, np.full(len(state), FULL)),
        _rates(state, float(vector[kernels.FULL])), full_at, full_from, full_to, silent, quality,
        float(past.hour[-1]),
    )  # fmt: skip


def _later(profile: Floats, begin: Floats, amount: Floats) -> Floats:
    out = np.empty(len(begin))
    kernels.later(profile, begin, amount, out)
    return out


def _rates(state: Floats, full: float) -> Floats:
    """Rise of each container's level on the way from empty to full, %/day.

    ``full`` is what makes it full, loose, % of the loose volume.
    """
    log_rate = state[:, kernels.USUAL] - state[:, kernels.EXPOSED] + state[:, kernels.TERMS + 2]
    read = np.isfinite(state[:, kernels.SEEN])
    rate: Floats = np.where(read, state[:, kernels.RATE], np.exp(log_rate)) * 24.0 * FULL / full
    return rate


def moment(hour: float) -> str:
    """An hour since 1970 as a person reads it; empty for none."""
    if not math.isfinite(hour):
        return ""
    return (_EPOCH + timedelta(hours=float(hour))).strftime("%Y-%m-%dT%H:%M")


def _number(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"
