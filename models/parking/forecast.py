"""Recorded occupancy of car parks: cleaned by stated rules, and forecast some hours ahead."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.errors import DataError

Floats = npt.NDArray[np.float64]
SLOT = 30
"""Minutes of a slot."""
SLOTS = 24 * 60 // SLOT


@dataclass(frozen=True)
class Recording:
    """Occupancies of car parks on a grid of days and half hours.

    Attributes
    ----------
    parks
        Names, sorted.
    days
        Every day from the first to the last.
    occupancy : (n_parks, n_days, 48) float64, 1
        NaN where there is no good reading.
    flagged
        How many rows each rule took out.
    """

    parks: list[str]
    days: list[date]
    occupancy: Floats
    flagged: dict[str, int]


def read(file: Path) -> Recording:
    """Read a recording with the columns SystemCodeNumber, Capacity, Occupancy, LastUpdated.

    Rules, in their order: a row that repeats the park and time of an earlier one is a
    ``duplicate``; an occupancy below 0 or above the capacity is ``impossible`` (up to 2 % above it
    is taken as full); a row of a day on which a park shows one value only, at five times or more,
    is ``stuck``. The last good row of a half hour is its value.

    Raises
    ------
    DataError
        The file is missing or has other columns.
    """
    try:
        with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as text:
            rows = [
                (
                    row["SystemCodeNumber"],
                    datetime.fromisoformat(row["LastUpdated"]),
                    float(row["Occupancy"]) / float(row["Capacity"]),
                )
                for row in csv.DictReader(text)
            ]
    except (OSError, KeyError, ValueError, ZeroDivisionError) as error:
        raise DataError(
            f"{file.name} is no recording of car parks ({type(error).__name__}: {error})",
            where=str(file),
            allowed="CSV with SystemCodeNumber, Capacity, Occupancy, LastUpdated",
        ) from None
    return _on_grid(*_clean(rows))


Row = tuple[str, datetime, float]


def _clean(rows: list[Row]) -> tuple[list[Row], dict[str, int]]:
    flagged = dict.fromkeys(("duplicate", "impossible", "stuck"), 0)
    seen: set[tuple[str, datetime]] = set()
    good: list[Row] = []
    for park, moment, value in rows:
        if (park, moment) in seen:
            flagged["duplicate"] += 1
        elif not 0.0 <= value <= 1.02:
            flagged["impossible"] += 1
        else:
            good.append((park, moment, min(value, 1.0)))
        seen.add((park, moment))
    days: dict[tuple[str, date], list[float]] = {}
    for park, moment, value in good:
        days.setdefault((park, moment.date()), []).append(value)
    stuck = {key for key, values in days.items() if len(values) >= 5 and len(set(values)) == 1}
    kept = [row for row in good if (row[0], row[1].date()) not in stuck]
    flagged["stuck"] = len(good) - len(kept)
    return kept, flagged


def _on_grid(rows: list[Row], flagged: dict[str, int]) -> Recording:
    if not rows:
        raise DataError("no row of the recording is good", mend="see the rules of cleaning")
    parks = sorted({park for park, _, _ in rows})
    first = min(moment for _, moment, _ in rows).date().toordinal()
    last = max(moment for _, moment, _ in rows).date().toordinal()
    found = np.full((len(parks), last - first + 1, SLOTS), np.nan)
    at = {park: row for row, park in enumerate(parks)}
    for park, moment, value in sorted(rows, key=lambda row: row[1]):
        slot = (moment.hour * 60 + moment.minute) // SLOT
        found[at[park], moment.date().toordinal() - first, slot] = value
    days = [date.fromordinal(number) for number in range(first, last + 1)]
    return Recording(parks, days, found, flagged)


@dataclass(frozen=True)
class Forecast:
    """A forecast learnt from a recording's first days.

    Attributes
    ----------
    usual : (2, n_parks, 48) float64
        Mean of working days and of weekends; NaN where nothing is known.
    keep : (n_parks, n_ahead) float64
        Share of today's departure from the usual that is left some slots ahead.
    """

    usual: Floats
    keep: Floats

    @classmethod
    def learn(cls, recording: Recording, until: int, ahead: int) -> Forecast:
        """From the days before ``until``, for up to ``ahead`` slots ahead.

        Notes
        -----
        The departure from the usual of the kind of day is taken as an autoregressive process; its
        share left after k slots is the regression through the origin of the departures k slots
        apart, between 0 and 1.
        """
        past = recording.occupancy[:, :until]
        weekend = np.array([day.weekday() >= 5 for day in recording.days[:until]])
        with np.errstate(invalid="ignore"):
            usual = np.stack([_mean(past[:, ~weekend]), _mean(past[:, weekend])])
        departs = past - usual[weekend.astype(int)].transpose(1, 0, 2)
        keep = np.zeros((len(past), ahead))
        for k in range(1, ahead + 1):
            now, later = departs[:, :, :-k], departs[:, :, k:]
            both = np.isfinite(now) & np.isfinite(later)
            top = np.where(both, now * later, 0.0).sum(axis=(1, 2))
            below = np.where(both, now * now, 0.0).sum(axis=(1, 2))
            keep[:, k - 1] = np.clip(top / np.maximum(below, 1e-12), 0.0, 1.0)
        return cls(usual, keep)

    def of(self, day: date, slot: int, now: Floats, ahead: int) -> Floats:
        """Occupancy ``ahead`` slots after ``slot``, from that of now; (n_parks,), NaN unknown."""
        usual = self.usual[int(day.weekday() >= 5)]
        found: Floats = usual[:, slot + ahead] + self.keep[:, ahead - 1] * (now - usual[:, slot])
        return np.clip(found, 0.0, 1.0)


def _mean(values: Floats) -> Floats:
    """Mean over days, NaN where there is none; (n_parks, 48)."""
    good = np.isfinite(values)
    found = np.full((values.shape[0], values.shape[2]), np.nan)
    counts = good.sum(axis=1)
    np.divide(np.where(good, values, 0.0).sum(axis=1), counts, out=found, where=counts > 0)
    return found


def skill(recording: Recording, held_out: int, ahead: int) -> dict[str, float]:
    """Mean absolute errors on the last days, of three forecasts on the same readings; 1.

    Parameters
    ----------
    held_out
        Days at the end that nothing is learnt from.
    ahead
        Slots.

    Returns
    -------
    dict
        ``forecast``, ``as now`` (persistence), ``as a week ago``, ``usual`` (the mean of the kind
        of day), and the number of ``readings``.
    """
    first = len(recording.days) - held_out
    learnt = Forecast.learn(recording, first, ahead)
    errors: dict[str, list[Floats]] = {}
    for number in range(first, len(recording.days)):
        day, values = recording.days[number], recording.occupancy[:, number]
        for slot in range(SLOTS - ahead):
            now, then = values[:, slot], values[:, slot + ahead]
            said = {
                "forecast": learnt.of(day, slot, now, ahead),
                "as now": now,
                "as a week ago": recording.occupancy[:, number - 7, slot + ahead],
                "usual": learnt.usual[int(day.weekday() >= 5)][:, slot + ahead],
            }
            good = np.isfinite(then) & np.all([np.isfinite(v) for v in said.values()], axis=0)
            for name, value in said.items():
                errors.setdefault(name, []).append(np.abs(value - then)[good])
    found = {name: float(np.concatenate(parts).mean()) for name, parts in errors.items()}
    return found | {"readings": float(len(np.concatenate(errors["forecast"])))}


def by_hour(recording: Recording) -> Floats:
    """Mean occupancy of all car parks by hour; (24,) float64, NaN where nothing was read."""
    values = recording.occupancy.reshape(*recording.occupancy.shape[:2], 24, 2)
    good = np.isfinite(values)
    found, counts = np.full(24, np.nan), good.sum(axis=(0, 1, 3))
    np.divide(np.where(good, values, 0.0).sum(axis=(0, 1, 3)), counts, out=found, where=counts > 0)
    return found
