"""Times of readings: texts and numbers as UTC, and the way between UTC and a clock on a wall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Moments = npt.NDArray[np.int64]
"""Milliseconds since 1970; see each function for UTC or a wall clock."""

NEVER = int(np.iinfo(np.int64).min)
"""The moment of a reading whose time could not be read."""

DAY = 86_400_000
_QUARTER = 900_000
_UNIT = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": DAY}
_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)
_EARLIEST, _LATEST = ((datetime(year, 1, 1) - _EPOCH) // _MILLISECOND for year in (1900, 2200))

Unit = Literal["ms", "s", "min", "h", "d"]


def parse(texts: Sequence[str], form: str, zone: ZoneInfo) -> Moments:
    """UTC of texts.

    Parameters
    ----------
    texts : (n,) str
        Times.
    form
        ``"iso"``, or a format of ``datetime.strptime``.
    zone
        Clock of times without an offset of their own. In the hour that comes twice in autumn, they
        count as the first.

    Returns
    -------
    (n,) int64, ms
        ``NEVER`` where a text is no such time.
    """
    read = datetime.fromisoformat if form == "iso" else lambda text: datetime.strptime(text, form)
    known: dict[str, tuple[int, bool]] = {}
    found = [known.get(text) or known.setdefault(text, _read(text, read)) for text in texts]
    moments = np.array([moment for moment, _ in found], dtype=np.int64)
    naive = np.array([wall for _, wall in found], dtype=np.bool_)
    moments[naive] = from_wall(moments[naive], zone)
    return moments


def count(texts: Sequence[str], since: int, unit: Unit) -> Moments:
    """UTC of numbers: so many ``unit`` since a moment (ms, UTC); ``NEVER`` where it is none."""

    def read(text: str) -> int:
        try:
            return _sane(since + round(float(text) * _UNIT[unit]))
        except (ValueError, OverflowError):
            return NEVER

    return np.array([read(text) for text in texts], dtype=np.int64)


def utc(moment: datetime, zone: ZoneInfo) -> int:
    """One moment in ms, UTC; a naive one is on the clock of ``zone``."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return (aware.astimezone(UTC).replace(tzinfo=None) - _EPOCH) // _MILLISECOND


def to_wall(moments: Moments, zone: ZoneInfo) -> Moments:
    """What a clock shows at each UTC moment; (n,) int64, ms since 1970 on that clock."""
    return moments + _offsets(moments, lambda at: at.replace(tzinfo=UTC).astimezone(zone))


def from_wall(moments: Moments, zone: ZoneInfo) -> Moments:
    """UTC of what a clock shows; (n,) int64, ms."""
    return moments - _offsets(moments, lambda at: at.replace(tzinfo=zone))


def text(moment: int, zone: ZoneInfo) -> str:
    """A UTC moment as a person reads it, on the clock of ``zone``."""
    local = (_EPOCH + int(moment) * _MILLISECOND).replace(tzinfo=UTC).astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M")


def _read(text: str, read: Callable[[str], datetime]) -> tuple[int, bool]:
    """(ms, is it on a wall clock); a moment with an offset is UTC already."""
    try:
        moment = read(text)
        naive = moment.tzinfo is None
        plain = moment if naive else moment.astimezone(UTC).replace(tzinfo=None)
        found = _sane((plain - _EPOCH) // _MILLISECOND)
        return found, naive and found != NEVER
    except (ValueError, OverflowError):
        return NEVER, False


def _sane(moment: int) -> int:
    """The same moment; ``NEVER`` outside of 1900 to 2199, where no sensor has been."""
    return moment if _EARLIEST <= moment < _LATEST else NEVER


def _offsets(moments: Moments, place: Callable[[datetime], datetime]) -> Moments:
    """Offset from UTC of each moment, ms; asked once for each quarter of an hour."""
    quarters, back = np.unique(moments // _QUARTER, return_inverse=True)
    zero = timedelta(0)
    found = [
        (place(_EPOCH + int(quarter) * _QUARTER * _MILLISECOND).utcoffset() or zero) // _MILLISECOND
        for quarter in quarters
    ]
    return np.array(found, dtype=np.int64)[back]
