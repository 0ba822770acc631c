"""What a dispatcher expects of each container on a day, from what was recorded before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from models.waste.policies import MOST, ByForecastParameters
from models.waste.streams import LITTER
from models.waste.task import LEAVE_OUT
from twin.errors import DataError

if TYPE_CHECKING:
    from models.waste.forecast import Filling, Outlook, Recording
    from twin.city.table import Table

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

LIKELY = 0.5
"""A container that is full before the next chance with this probability is due."""
UNLIKELY = 0.05
"""Below this probability of being full before the chance after the next, it has room."""
OLD = 48.0
"""Hours from which on the newest word of a recording is called old."""


@dataclass(frozen=True)
class Levels:
    """Levels of n containers of the city at a moment, %; NaN where nothing is known.

    Attributes
    ----------
    median, low, high : (n,) float64, %
        With a 90 % interval.
    """

    median: Floats
    low: Floats
    high: Floats

    def until(self, later: Levels, share: float) -> Levels:
        """A share of the way on to those of a later moment."""
        pairs = zip(vars(self).values(), vars(later).values(), strict=True)
        return Levels(*(before + share * (after - before) for before, after in pairs))


@dataclass(frozen=True)
class Foresight:
    """What is expected of n containers of the city on a day.

    Attributes
    ----------
    known : (n,) bool
        The recording says something of it.
    begin, end
        Levels when the shift begins and when it ends, if nobody empties them.
    soon, then : (n,) float64
        Probability of being full before the next day's shift ends, and before the one after it;
        a day later on Saturdays for streams that rest on Sundays.
    notes
        What the dispatcher should know of the recording.
    """

    known: Flags
    begin: Levels
    end: Levels
    soon: Floats
    then: Floats
    notes: list[str] = field(default_factory=list)

    def prizes(self, rules: ByForecastParameters) -> Floats:
        """What emptying each is worth, s, as ``waste.by_forecast`` reckons it; (n,) float64.

        ``LEAVE_OUT`` for those that are full before the next chance more likely than not.
        """
        worth = np.minimum(rules.prize * self.soon, MOST)
        found: Floats = np.where(self.soon >= LIKELY, LEAVE_OUT, worth)
        return np.where(self.known, found, 0.0)


class Readings:
    """A recording of the containers of a city, and what follows from it for a day.

    Parameters
    ----------
    file
        The recording.
    table
        The containers of the city.
    timezone
        Clock of the city: times with an offset are moved to it.

    Raises
    ------
    DataError
        It cannot be read; see :func:`models.waste.forecast.read_recording`.
    """

    def __init__(self, file: Path, table: Table, timezone: str) -> None:
        from models.waste.forecast import read_recording

        self.file = file
        self.table = table
        self.whole = read_recording(file, zone=ZoneInfo(timezone))
        self.past: Recording | None = None
        self.filling: Filling | None = None
        self.emptied: dict[int, float] = {}

    def visited(self, emptied: Mapping[int, datetime]) -> None:
        """Reckon with emptyings to come: rows of the table, local times."""
        self.emptied |= {row: _hour(when) for row, when in emptied.items()}

    def foresee(self, begin: datetime, hours: float) -> Foresight:
        """What to expect in a shift that begins at a local time and lasts some hours.

        Raises
        ------
        DataError
            There is nothing before the shift, no container of the city, or only old words.
        """
        from models.waste.forecast import forecast

        at = _hour(begin)
        past, filling = self._learnt(at, begin)
        late = 24.0 if begin.weekday() == 5 else 0.0
        ahead = [0.0, hours, *(24.0 * days + hours for days in (1, 2, 3))]
        now, end, *chances = (forecast(past, at + hour, filling) for hour in ahead)
        rows = self.table.rows(now.ids)
        self._check(rows, now.ids)
        on = rows >= 0
        n = len(self.table)
        known = np.zeros(n, dtype=np.bool_)
        usable = on & np.isfinite(now.level) & ~now.silent
        known[rows[usable]] = True
        if not known.any():
            raise self._too_old(now.ended, at, begin)

        def spread(values: Floats) -> Floats:
            column = np.full(n, np.nan)
            column[rows[usable]] = values[usable]
            return column

        rests = (self.table["stream"] != LITTER) & (late > 0.0)
        full = [spread(chance.full) for chance in chances]
        notes = [f"warning: {text}; they follow the calendar" for text in now.warnings()]
        return Foresight(
            known,
            _levels(now, spread),
            _levels(end, spread),
            np.where(rests, full[1], full[0]),
            np.where(rests, full[2], full[1]),
            notes + self._notes(now.ids[~on], int(known.sum()), at),
        )  # fmt: skip

    def _learnt(self, at: float, begin: datetime) -> tuple[Recording, Filling]:
        """The rows before a shift with the emptyings to come until then, and what they teach."""
        from models.waste.forecast import learn

        if self.past is None or self.filling is None:
            self.past = self.whole.between(-np.inf, at)
            if not len(self.past):
                raise DataError(f"the recording has nothing before {begin}", where=str(self.file))
            self.filling = learn(self.past)
        return _with_emptyings(self.past, self.table, self.emptied, at), self.filling

    def _ahead(self, at: float) -> npt.NDArray[np.int64]:
        """Lines of the file whose time is after an hour."""
        given = self.whole.table
        assert given is not None
        found: npt.NDArray[np.int64] = np.sort(given.line[given.hour >= at])
        return found

    def _check(self, rows: npt.NDArray[np.int32], ids: npt.NDArray[np.str_]) -> None:
        if not (rows >= 0).any():
            raise DataError(
                f"the city has none of the recorded containers, such as {str(ids[0])!r}",
                where=str(self.file),
                allowed="ids of the table 'container', such as "
                + ", ".join(repr(str(key)) for key in self.table.ids[:3]),
            )

    def _too_old(self, ended: float, at: float, begin: datetime) -> DataError:
        from models.waste.forecast.outlook import SILENT, moment

        return DataError(
            f"the recording ends {moment(ended)}, {(at - ended) / 24.0:.0f} days before "
            f"{begin}: it says nothing of the levels then",
            where=str(self.file),
            allowed=f"a word from a container within {SILENT:g} of its usual cycles",
            mend="give a recording that reaches the day, another --date, or leave --levels out",
        )

    def _notes(self, unknown: npt.NDArray[np.str_], known: int, at: float) -> list[str]:
        assert self.past is not None
        notes, age = [], at - float(self.past.hour[-1])
        if len(unknown):
            notes.append(
                f"warning: the city has no container {', '.join(map(repr, map(str, unknown[:3])))}"
                + (f" (and {len(unknown) - 3} more)" if len(unknown) > 3 else "")
            )
        if len(ahead := self._ahead(at)):
            lines = ", ".join(map(str, ahead[:5])) + (", …" if len(ahead) > 5 else "")
            notes.append(f"{len(ahead)} rows are later than the shift: not used (lines {lines})")
        old = "warning: " if age > OLD else ""
        notes.append(f"{old}levels of {known} containers, the newest {age:.1f} h old")
        return [*notes, f"{self.file}: {self.past.quality.table()}"]


def _levels(seen: Outlook, spread: Callable[[Floats], Floats]) -> Levels:
    return Levels(spread(seen.level), spread(seen.low), spread(seen.high))


def _hour(when: datetime) -> float:
    """Hours since 1970 on the clock of a local time."""
    wall = when.replace(tzinfo=None)
    return (wall - datetime(1970, 1, 1)) / timedelta(hours=1)


def _with_emptyings(
    past: Recording, table: Table, emptied: Mapping[int, float], at: float
) -> Recording:
    """A recording and emptyings of rows of the table, those before an hour."""
    from models.waste.forecast import Recording
    from models.waste.forecast.quality import Quality

    column = {row: i for i, row in enumerate(table.rows(past.ids).tolist()) if row >= 0}
    pairs = sorted((hour, column[row]) for row, hour in emptied.items() if row in column)
    pairs = [(hour, i) for hour, i in pairs if hour < at]
    if not pairs:
        return past
    n = len(pairs)
    nothing = np.full(n, np.nan)
    return past + Recording(
        past.ids, np.array([i for _, i in pairs], dtype=np.int64),
        np.array([hour for hour, _ in pairs]), nothing, np.zeros(n), np.zeros(n, dtype=np.int64),
        Quality(),
    )  # fmt: skip
