"""Demand-responsive prices: SFpark's rule, tables of prices by block and band of the day."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.city.table import Table
from twin.core.time import CLOCK
from twin.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How a price answers to the occupancy of its block and band.

    Attributes
    ----------
    step
        EUR/h.
    high, low, empty
        Occupancies: from ``high`` on up one step, below ``low`` down one, below ``empty`` down two.
    floor, ceiling
        EUR/h.

    Notes
    -----
    SFpark (SFMTA, 2014): 80 % and more +0.25 $/h, 60 to 80 % as it is, 30 to 60 % -0.25 $/h, below
    30 % -0.50 $/h, between 0.25 and 6 $/h, every six to eight weeks.
    """

    step: float = 0.25
    high: float = 0.80
    low: float = 0.60
    empty: float = 0.30
    floor: float = 0.25
    ceiling: float = 6.0

    def next(self, price: Floats, occupancy: Floats) -> Floats:
        """Prices of the next weeks; NaN occupancies leave the price. Any shape, EUR/h."""
        steps = np.where(occupancy >= self.high, 1.0, 0.0)
        steps = np.where(occupancy < self.low, -1.0, steps)
        steps = np.where(occupancy < self.empty, -2.0, steps)
        moved: Floats = np.clip(price + self.step * steps, self.floor, self.ceiling)
        return np.where(np.isnan(occupancy) | (steps == 0.0), price, moved)


@dataclass(frozen=True)
class Bands:
    """Bands of the day in which a price holds.

    Attributes
    ----------
    starts, ends : tuple of int
        Local seconds since midnight.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def parse(cls, texts: tuple[str, ...], where: str) -> Bands:
        """Bands from texts such as ``"09:00-12:00"``.

        Raises
        ------
        ConfigError
            A text is no band, or the bands overlap.
        """
        starts, ends = [], []
        for text in texts:
            first, _, last = text.partition("-")
            starts.append(_seconds(first, where))
            ends.append(_seconds(last, where))
        in_order = [*starts, 86_401][1:]
        if (
            not texts
            or any(a >= b for a, b in zip(starts, ends, strict=True))
            or any(end > later for end, later in zip(ends, in_order, strict=True))
        ):
            raise ConfigError(
                f"{', '.join(texts) or 'nothing'} are no bands of a day",
                where=where,
                allowed='bands in order that do not overlap: ["09:00-12:00", "12:00-15:00"]',
            )
        return cls(tuple(starts), tuple(ends))

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, second: float) -> int:
        """The band at a local second of the day; -1 outside all."""
        for band, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            if start <= second < end:
                return band
        return -1

    def name(self, band: int) -> str:
        """``09:00-12:00``."""
        ends = (self.starts[band], self.ends[band])
        return "-".join(f"{s // 3600:02d}:{s % 3600 // 60:02d}" for s in ends)


def _seconds(text: str, where: str) -> int:
    import re

    if text.strip() == "24:00":
        return 86_400
    if not re.match(CLOCK, text.strip()):
        raise ConfigError(f"{text!r} is not a time of day", where=where, allowed='"09:00-12:00"')
    hour, minute = text.strip().split(":")
    return int(hour) * 3600 + int(minute) * 60


class Means:
    """Occupancy of each block in each band, over the days since :meth:`forget`."""

    def __init__(self, bands: Bands, blocks: int) -> None:
        self.bands = bands
        self._sum = np.zeros((blocks, len(bands)))
        self._seen = np.zeros((blocks, len(bands)))

    def take(self, second: float, occupancy: Floats) -> None:
        """A look at a local second of the day; (n_blocks,), NaN where nothing is known."""
        band = self.bands.at(second)
        if band >= 0:
            good = np.isfinite(occupancy)
            self._sum[good, band] += occupancy[good]
            self._seen[good, band] += 1.0

    def mean(self) -> Floats:
        """(n_blocks, n_bands), NaN where nothing was seen."""
        found = np.full(self._sum.shape, np.nan)
        np.divide(self._sum, self._seen, out=found, where=self._seen > 0.0)
        return found

    def forget(self) -> None:
        """Begin anew."""
        self._sum[:] = 0.0
        self._seen[:] = 0.0


def write(
    file: Path, table: Table, bands: Bands, price: Floats, changed: npt.NDArray[np.bool_]
) -> None:
    """Write a table of prices: columns ``block``, ``band``, ``price`` (EUR/h).

    Parameters
    ----------
    price : (n_blocks, n_bands) float64, EUR/h
    changed : (n_blocks,) bool
        Blocks that are written.
    """
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["block", "band", "price"])
        for block in np.flatnonzero(changed):
            for band in range(len(bands)):
                writer.writerow([table.ids[block], bands.name(band), f"{price[block, band]:.2f}"])


def read(file: Path, table: Table, where: str) -> tuple[Bands, Floats]:
    """Bands and prices of a table; NaN where the file has no price. (n_blocks, n_bands), EUR/h.

    Raises
    ------
    DataError
        The file is missing or not such a table, or names a block that the city does not have.
    """
    try:
        with file.open(newline="", encoding="utf-8") as text:
            rows = list(csv.DictReader(text))
        found = [(row["block"], row["band"].strip(), float(row["price"])) for row in rows]
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file.name} is no table of prices ({type(error).__name__}: {error})",
            where=where,
            allowed="a CSV file with the columns block, band, price",
            mend="write one with `twin parking prices SCENARIO`",
        ) from None
    names = sorted({band for _, band, _ in found})
    bands = Bands.parse(tuple(names), where)
    price = np.full((len(table), len(bands)), np.nan)
    at = table.rows(np.array([block for block, _, _ in found], dtype=np.str_))
    for (block, band, value), row in zip(found, at, strict=True):
        if row < 0 or not value >= 0.0:
            raise DataError(
                f"{file.name}: block {block!r}, price {value:g}",
                where=where,
                allowed="a block of the city's table `parking` and a price of 0 or more",
                mend="the table belongs to another city? `twin parking prices SCENARIO`",
            )
        price[row, names.index(band)] = value
    return bands, price
